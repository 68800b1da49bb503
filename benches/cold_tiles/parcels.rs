//! What benches of tiles share: synthetic parcels in memory, and time on the core.

use std::time::Duration;

use spatial::{
    CollectionSnapshot, Crs, CrsRegistry, Feature, FeatureId, Revision, Stage, WorldProjector,
};
use tuban::synth::{Layer, Synth};

/// Time that this thread has been on a core: other work of the machine does not count.
pub fn on_core() -> Duration {
    let read = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(read.split(' ').next().unwrap().parse().unwrap())
}

/// The parcels of seed 1 in memory, as the engine holds them.
pub fn parcels(count: u64) -> CollectionSnapshot {
    let registry = CrsRegistry::new(Default::default()).unwrap();
    let synth = Synth::new(1, count, None, &Crs::CGCS2000).unwrap();
    let collection = synth.collection(Layer::Parcels).unwrap();
    let projector = WorldProjector::new(&registry, &collection.crs).unwrap();
    let mut stages = Vec::new();
    let mut chunk: Vec<Feature> = Vec::new();
    let mut stage = |chunk: &mut Vec<Feature>| {
        stages.push(Stage::new(&collection, chunk, &|coords, world| {
            projector.project_all(coords, world)
        }));
        chunk.clear();
    };
    for (number, feature) in synth.features(Layer::Parcels).enumerate() {
        let mut feature = feature.unwrap();
        feature.id = Some(FeatureId::try_from(number as i64 + 1).unwrap());
        chunk.push(feature);
        if chunk.len() == 4096 {
            stage(&mut chunk);
        }
    }
    stage(&mut chunk);
    CollectionSnapshot::build(collection, Revision(1), stages)
}
