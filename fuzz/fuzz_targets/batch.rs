#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
	veilmart_fuzz_targets::batch::run(data);
});
