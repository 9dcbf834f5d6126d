//! Lists with at most one item for each authority.

use alloc::vec::Vec;
use codec::{Compact, CompactLen, Decode, DecodeWithMemTracking, Encode, Error, Input, MaxEncodedLen};
use scale_info::TypeInfo;

use crate::MAX_AUTHORITIES;

/// At most [`MAX_AUTHORITIES`] items. Encoded as a SCALE vector; decoding refuses a longer one before it allocates.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, TypeInfo)]
pub struct PerAuthority<T>(Vec<T>);

/// Of the authorities of one set, of whom there are not more: further items are left out.
impl<T> FromIterator<T> for PerAuthority<T> {
	fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
		Self(items.into_iter().take(usize::from(MAX_AUTHORITIES)).collect())
	}
}

impl<T> From<PerAuthority<T>> for Vec<T> {
	fn from(items: PerAuthority<T>) -> Self {
		items.0
	}
}

impl<T> core::ops::Deref for PerAuthority<T> {
	type Target = [T];

	fn deref(&self) -> &[T] {
		&self.0
	}
}

impl<T: Decode> Decode for PerAuthority<T> {
	fn decode<I: Input>(input: &mut I) -> Result<Self, Error> {
		let Compact(count) = Compact::<u32>::decode(input)?;
		if count > u32::from(MAX_AUTHORITIES) {
			return Err("more items than authorities".into());
		}
		input.on_before_alloc_mem((count as usize).saturating_mul(size_of::<T>()))?;
		(0..count)
			.map(|_| T::decode(input))
			.collect::<Result<_, _>>()
			.map(Self)
	}
}

impl<T: DecodeWithMemTracking> DecodeWithMemTracking for PerAuthority<T> {}

impl<T: MaxEncodedLen> MaxEncodedLen for PerAuthority<T> {
	fn max_encoded_len() -> usize {
		Compact::<u32>::compact_len(&u32::from(MAX_AUTHORITIES))
			.saturating_add(T::max_encoded_len().saturating_mul(usize::from(MAX_AUTHORITIES)))
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use codec::DecodeWithMemLimit;

	#[test]
	fn a_list_for_more_than_the_largest_set_is_refused_before_its_items_are_read() {
		let most: PerAuthority<u8> = [7; 100].into_iter().collect();
		assert_eq!(
			PerAuthority::<u8>::decode(&mut &most.encode()[..]),
			Ok(most.clone())
		);
		assert_eq!(PerAuthority::<u8>::max_encoded_len(), most.encode().len());
		let error = PerAuthority::<u8>::decode(&mut &[7u8; 101].to_vec().encode()[..]).unwrap_err();
		assert!(alloc::format!("{error}").contains("more items than authorities"));
		// An announced length without the items: a vector would ask for as much memory as it may.
		assert!(PerAuthority::<u8>::decode(&mut &Compact(u32::MAX).encode()[..]).is_err());
		assert!(PerAuthority::<u8>::decode_with_mem_limit(&mut &most.encode()[..], 101).is_ok());
		assert!(
			PerAuthority::<u8>::decode_with_mem_limit(&mut &most.encode()[..], 100).is_err(),
			"counted"
		);
	}
}
