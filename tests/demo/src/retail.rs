//! The order lines of the data file, and why some of them are not orders.

use std::{collections::BTreeMap, error::Error};
use veilmart_cli::{amount, commodity};

const DATA: &str = include_str!("../data/online-retail.csv");

/// A line that somebody ordered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderLine {
	/// The invoice that it is on.
	pub invoice: String,
	/// The shop's code of the item.
	pub item: String,
	/// What the item is.
	pub description: String,
	/// Pieces.
	pub quantity: u64,
	/// Price of a piece in minor units.
	pub price: u64,
	/// The customer's number.
	pub customer: String,
}

/// Why a line is skipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Skip {
	/// The invoice is a cancellation, or the quantity is not positive.
	Cancellation,
	/// The line names no customer.
	NoCustomer,
	/// The price is zero: an order at price zero would carry no bond.
	NoPrice,
	/// The item's code is no stock code but a service or a note, longer than an item code can be.
	NoItem,
}

impl Skip {
	/// The reason in words.
	pub fn words(self) -> &'static str {
		match self {
			Self::Cancellation => "cancellation",
			Self::NoCustomer => "no customer",
			Self::NoPrice => "no price",
			Self::NoItem => "no item code",
		}
	}
}

/// How many lines were skipped for which reason.
pub type Skipped = BTreeMap<Skip, usize>;

/// The first `wanted` orders of the file, and how many lines before the last of them were skipped for which reason.
pub fn orders(wanted: usize) -> Result<(Vec<OrderLine>, Skipped), Box<dyn Error>> {
	read(DATA, wanted)
}

fn read(data: &str, wanted: usize) -> Result<(Vec<OrderLine>, Skipped), Box<dyn Error>> {
	let (mut orders, mut skipped) = (Vec::new(), Skipped::new());
	for (number, record) in csv::Reader::from_reader(data.as_bytes()).records().enumerate() {
		if orders.len() == wanted {
			break;
		}
		let record = record?;
		let field = |i: usize| record.get(i).unwrap_or_default().trim().to_owned();
		let quantity: i64 = field(3)
			.parse()
			.map_err(|_| format!("line {}: no quantity", number + 2))?;
		let price = amount::parse(&two_decimals(&field(5)))?;
		let reason = if field(0).starts_with('C') || quantity <= 0 {
			Some(Skip::Cancellation)
		} else if field(6).is_empty() {
			Some(Skip::NoCustomer)
		} else if price == 0 {
			Some(Skip::NoPrice)
		} else if commodity::encode(&field(1)).is_err() {
			Some(Skip::NoItem)
		} else {
			None
		};
		match reason {
			Some(reason) => *skipped.entry(reason).or_insert(0) += 1,
			None => orders.push(OrderLine {
				invoice: field(0),
				item: field(1),
				description: field(2),
				quantity: quantity.unsigned_abs(),
				price,
				customer: field(6),
			}),
		}
	}
	Ok((orders, skipped))
}

/// `2.1` as `2.10`: the file leaves out trailing zeros.
fn two_decimals(price: &str) -> String {
	match price.split_once('.') {
		None => format!("{price}.00"),
		Some((whole, fraction)) => format!("{whole}.{fraction:0<2}"),
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn the_file_reads_to_its_end() {
		let (orders, skipped) = orders(10_000).unwrap();
		// A thousand lines with the heading.
		assert_eq!(orders.len() + skipped.values().sum::<usize>(), 999);
		assert!(
			skipped.contains_key(&Skip::Cancellation),
			"the data has cancellations"
		);
		assert!(
			skipped.contains_key(&Skip::NoCustomer),
			"and lines without a customer"
		);
	}

	#[test]
	fn a_line_is_read_as_the_shop_wrote_it() {
		let (orders, _) = orders(2).unwrap();
		let first = &orders[0];
		assert_eq!(
			(&*first.item, first.quantity, first.price, &*first.customer),
			("85123A", 6, 255, "17850")
		);
		assert_eq!(first.description, "WHITE HANGING HEART T-LIGHT HOLDER");
		assert_eq!(orders[1].price, 339);
	}

	#[test]
	fn lines_that_are_no_orders_are_counted_by_reason() {
		let data = "a,b,c,d,e,f,g,h\n\
			C1,1,x,-1,t,1.5,7,UK\n2,1,x,1,t,1.5,,UK\n3,1,x,1,t,0,7,UK\n4,BANK CHARGES,x,1,t,2,7,UK\n5,1,x,2,t,3.1,7,UK\n";
		let (orders, skipped) = read(data, 10).unwrap();
		assert_eq!(orders.len(), 1);
		assert_eq!((orders[0].price, orders[0].quantity), (310, 2));
		assert!(skipped.values().all(|count| *count == 1) && skipped.len() == 4);
	}
}
