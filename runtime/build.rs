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
	}
}
