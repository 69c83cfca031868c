//! q
use benches::*;use sim::Recording;
fn main(){
 for r in 0..3 { let _=r;
 for (n,w,p) in [("1e3",Workload::Hold(1000),1000),("1e5",Workload::Hold(100_000),100_000),("1e6",Workload::Hold(1_000_000),1_000_000),("pp",Workload::PingPong,0),("mm1",Workload::Mm1,0),("fan",Workload::FanOut,0)]{
  let raw = if p>0 { peers::raw_heap_hold(p,1_000_000) } else {0};
  let mut f=Prepared::new(w,1,Recording::Full); f.run(1_000_000); f.again();
  let t=Stopwatch::start(); f.run(1_000_000); let a=t.nanos();
  let mut f=Prepared::new(w,1,Recording::FingerprintOnly); 
  let t=Stopwatch::start(); f.run(1_000_000); let b=t.nanos();
  let nx = if n=="pp" {peers::by_nexosim::ping_pong(1_000_000)} else if n=="fan" {peers::by_nexosim::fan_out(250)*2} else if n=="mm1" {peers::by_nexosim::mm1(500_000)} else {peers::by_nexosim::hold(p,1_000_000)};
  println!("{n}: full {} bare {} raw {} nexosim {} ratio {:.2}",a/1_000_000,b/1_000_000,raw/1_000_000,nx/1_000_000, nx as f64/a as f64);
 }}
}
