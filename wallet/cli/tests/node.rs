//! Purchases through [`Session`]s on a running development node with a key, named by `VEILMART_URL`:
//!
//! ```text
//! veilmart-node --dev --tmp &
//! cargo test -p veilmart-cli --test node -- --ignored
//! ```

use veilmart_cli::{
	account::Account,
	chain::Chain,
	commodity,
	error::Error,
	session::{NewListing, Session},
};

async fn session(suri: &str) -> Session {
	let url = std::env::var("VEILMART_URL").unwrap_or_else(|_| veilmart_cli::cli::DEFAULT_URL.into());
	let chain = Chain::connect(&url).await.expect("a node is running");
	let session = Session::open(chain, Account::development(suri).unwrap())
		.await
		.unwrap();
	session.register_view_key().await.unwrap();
	session
}

#[tokio::test]
#[ignore = "needs a running development node"]
async fn a_shop_lists_and_quotes_many_things_at_once() {
	let (seller, buyer, issuer) = (
		session("//Charlie").await,
		session("//Bob").await,
		session("//Issuer").await,
	);
	let items: Vec<_> = (1..=120)
		.map(|number| NewListing {
			price: number,
			stock: 1000 + number,
			commodity: commodity::encode(&format!("IT{number}")).unwrap(),
		})
		.collect();
	let listed = seller.list_all(&items).await.unwrap();
	assert_eq!(listed.len(), items.len());
	let own = seller.listings().await.unwrap();
	for (done, item) in listed.iter().zip(&items) {
		let found = own
			.iter()
			.find(|listing| listing.id == done.id)
			.expect("it was listed");
		let contents = found.contents.as_ref().expect("it opens");
		assert_eq!(
			(contents.price, contents.stock, contents.commodity),
			(item.price, item.stock, item.commodity)
		);
	}
	let quotes: Vec<_> = listed
		.iter()
		.take(60)
		.map(|done| (done.id.seq, buyer.id().clone()))
		.collect();
	seller.quote_all(&quotes).await.unwrap();
	let got = buyer.quotes().await.unwrap();
	assert!(listed
		.iter()
		.take(60)
		.all(|done| got.iter().any(|quote| quote.listing == done.id)));

	// Seventeen credits take two calls to collect.
	let before = buyer.balance().await.unwrap();
	for _ in 0..17 {
		issuer.issue(buyer.id(), 100).await.unwrap();
	}
	let waiting = buyer.holdings().await.unwrap().incoming.len();
	assert_eq!(buyer.collect_all().await.unwrap().len(), waiting.div_ceil(16));
	assert!(buyer.balance().await.unwrap() >= before + 1700);

	// The seller has no money for a bond, and says so before anything is sent.
	let order = buyer.order(&listed[49].id, 2, Some(50)).await.unwrap();
	let error = seller.accept(&order.id).await.unwrap_err();
	assert!(
		matches!(&error, Error::Wallet(text) if text.contains("bond")),
		"{error}"
	);
	buyer.cancel(order.id.seq).await.unwrap();
}
