//! q
use benches::*;use sim::Recording;
fn main(){
 for r in 0..3 { let _=r;
 for (n,w) in [("1e5",Workload::Hold(100_000)),("1e6",Workload::Hold(1_000_000))]{
  let mut f=Prepared::new(w,1,Recording::Full); f.run(1_000_000); f.again();
  let mut v=vec![];
  for _ in 0..10 { let t=Stopwatch::start(); f.run(100_000); v.push(t.nanos()/100_000);}
  let mut f=Prepared::new(w,1,Recording::FingerprintOnly); 
  let mut u=vec![];
  for _ in 0..10 { let t=Stopwatch::start(); f.run(100_000); u.push(t.nanos()/100_000);}
  println!("{n}: full {v:?} bare {u:?}");
 }}
}
