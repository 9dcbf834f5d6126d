//! Makes the first dealings of the presets anew and writes them where the runtime includes them.

use std::{fs, path::Path};

use codec::Encode;
use rand_core::OsRng;
use veilmart_runtime::genesis_presets::{authorities, preset_names};
use veilmart_td_raft::{genesis_dealing, AuthoritySet, SetId};

fn main() {
	let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/genesis_dealings");
	for preset in preset_names() {
		let mut members: Vec<_> = authorities(&preset)
			.iter()
			.map(|genesis| genesis.authority())
			.collect();
		members.sort();
		let set = AuthoritySet::new(SetId(0), members).expect("different keys");
		let Some(dealing) = genesis_dealing(&preset, &set, &mut OsRng).expect("good keys") else {
			println!("{preset}: a single authority needs none");
			continue;
		};
		let file = folder.join(format!("{preset}.scale"));
		fs::write(&file, dealing.encode()).expect("the sources can be written");
		println!("{preset}: {} authorities, {}", set.count(), file.display());
	}
}
