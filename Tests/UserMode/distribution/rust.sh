# rustc: threads, a caught panic, collections
# needs: /usr/bin/rustc
# prints: 4 true 332833500
# packages: rustc
cat > a.rs <<'E'
use std::collections::BTreeMap;
use std::thread;
fn main() {
    let handles: Vec<_> = (0..4u64).map(|i| thread::spawn(move || { let mut m = BTreeMap::new(); for j in 0..1000u64 { m.insert(j ^ i, j); } m.len() })).collect();
    let full = handles.into_iter().filter(|_| true).map(|h| h.join().unwrap()).filter(|n| *n == 1000).count();
    std::panic::set_hook(Box::new(|_| {}));
    let caught = std::panic::catch_unwind(|| { let v: Vec<i32> = vec![]; v[3] }).is_err();
    println!("{} {} {}", full, caught, (0..1000u64).map(|x| x * x).sum::<u64>());
}
E
rustc -O a.rs && ./a
