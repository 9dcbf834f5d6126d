//! Builds the runtime as wasm next to the native one (`SKIP_WASM_BUILD=1` leaves it out), twice: as nodes run it, and with
//! verification inside the runtime, for nodes without the host function.

fn main() {
	#[cfg(feature = "std")]
	{
		use substrate_wasm_builder::WasmBuilder;
		WasmBuilder::init_with_defaults().build();
		WasmBuilder::init_with_defaults()
			.enable_feature("portable-verification")
			.set_file_name("portable_wasm_binary.rs")
			.build();
		keep_fresh();
	}
}

/// Gives the blobs one old time. The builder names them as its own inputs and sets their time to that of its run; two
/// runs for two sets of features (a build's and a test's) would find each other's time too new, for ever.
#[cfg(feature = "std")]
fn keep_fresh() {
	use std::{
		env, fs,
		path::PathBuf,
		time::{Duration, SystemTime},
	};
	// target/PROFILE/build/PACKAGE-HASH/out
	let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
	let Some(profile) = out.ancestors().nth(3) else {
		return;
	};
	let Ok(files) = fs::read_dir(profile.join("wbuild").join(env!("CARGO_PKG_NAME"))) else {
		return;
	};
	for path in files.flatten().map(|file| file.path()) {
		if path.extension().is_some_and(|extension| extension == "wasm") {
			// Without it builds only take longer.
			let _ = fs::File::options()
				.write(true)
				.open(&path)
				.and_then(|file| file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(1)));
		}
	}
}
