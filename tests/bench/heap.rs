//! What a large mesh holds on the heap: `cargo bench --bench heap`. `max alloc` is what is live at the most.
//!
//! Apart from the benches of time, because counting allocations costs time.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    dead_code,
    reason = "a bench may fail loudly, and needs only a part of the mesh's parts"
)]

mod large;

use divan::{AllocProfiler, Bencher};
use sidescope::mesh::model::Key;
use sidescope::mesh::scope::{Cache, Settings};

use large::{SIZES, namespace, world};

#[global_allocator]
static ALLOCATIONS: AllocProfiler = AllocProfiler::system();

fn main() {
    divan::main();
}

#[divan::bench(name = "the_world (budget 120 MB)", args = SIZES, sample_count = 1, sample_size = 1)]
fn the_world(bencher: Bencher<'_, '_>, services: usize) {
    bencher.bench_local(|| world(services));
}

#[divan::bench(name = "the_world_and_two_tables (budget 120 MB)", args = SIZES, sample_count = 1, sample_size = 1)]
fn the_world_and_two_tables(bencher: Bencher<'_, '_>, services: usize) {
    bencher.bench_local(|| {
        let world = world(services);
        let mut cache = Cache::new(Settings::default());
        // a scoped pod, and one that imports everything
        let tables = [0, 3].map(|home| cache.table(&world, &Key::new(namespace(home), "pod-07")).unwrap());
        (world, cache, tables)
    });
}
