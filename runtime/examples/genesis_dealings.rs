//! Makes the first dealings of the presets anew and writes them where the runtime includes them.

use std::{fs, path::Path};

use veilmart_runtime::{
	consortium::first_dealing,
	genesis_presets::{authorities, preset_names},
};

fn main() {
	let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/genesis_dealings");
	for preset in preset_names() {
		let authorities = authorities(&preset);
		let Some(dealing) = first_dealing(&preset, &authorities).expect("good keys") else {
			println!("{preset}: a single authority needs none");
			continue;
		};
		let file = folder.join(format!("{preset}.scale"));
		fs::write(&file, dealing).expect("the sources can be written");
		println!("{preset}: {} authorities, {}", authorities.len(), file.display());
	}
}
