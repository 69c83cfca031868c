//! x
use benches::{Prepared, Workload};
use sim::Recording;
use std::time::Instant;
fn main() {
    if let Some(steps) = std::env::args().nth(1) {
        let w = match std::env::args().nth(2).as_deref() { Some("pp") => Workload::PingPong, Some("mm1") => Workload::Mm1, Some("fan") => Workload::FanOut, _ => Workload::Hold(1000) };
        let mut p = Prepared::new(w, 1, Recording::Full);
        p.run(steps.parse().unwrap());
        return;
    }
    for (w, events) in [(Workload::Hold(1000), 2_000_000), (Workload::Hold(10_000), 2_000_000), (Workload::Hold(100_000), 2_000_000), (Workload::Hold(1_000_000), 2_000_000), (Workload::PingPong, 2_000_000), (Workload::Mm1, 2_000_000), (Workload::FanOut, 1_000_000)] {
        for recording in [Recording::Full, Recording::FingerprintOnly] {
            let mut best = u128::MAX; let mut f = 0; let mut b = 0;
            for _ in 0..3 {
                let mut p = Prepared::new(w, 1, recording);
                let t = Instant::now();
                assert_eq!(p.run(events), events);
                best = best.min(t.elapsed().as_nanos() * 10 / u128::from(events));
                assert_eq!(p.broken(), 0);
                f = p.fingerprint(); b = p.bytes_per_entry();
            }
            println!("{w:?} {recording:?}: {}.{} ns {f:x} {b} B", best / 10, best % 10);
        }
    }
}
