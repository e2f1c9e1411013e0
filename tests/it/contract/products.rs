//! The catalogue.

use contoso_shop::domain::{BillingPeriod, Page, Product, Sku};

use super::backends::{Harness, Tampering, course, keyboard, lamp};

const ALL: Page = Page { offset: 0, size: 100 };

pub async fn a_seeded_product_is_found_whole(h: Harness) {
    let product = h.stores.products.find(&course()).await.expect("find").expect("seeded");
    assert_eq!(product.external_product_id, course());
    assert_eq!((product.list_price.cents, product.discount, product.stock), (14_900, 10, None));
    assert_eq!((product.billing_period, product.is_subscription), (BillingPeriod::Annual, true));
    assert!(
        ![&product.name, &product.category, &product.vendor, &product.image_url]
            .iter()
            .any(|text| text.is_empty())
    );
    let lamp = h.stores.products.find(&lamp()).await.expect("find").expect("seeded");
    assert_eq!(
        (lamp.stock, lamp.billing_period, lamp.is_subscription),
        (Some(3), BillingPeriod::Monthly, false)
    );
}

pub async fn unknown_and_inactive_products_are_not_found(h: Harness) {
    assert_eq!(
        h.stores.products.find(&Sku::parse("NOPE-1").expect("sku")).await.expect("find"),
        None
    );
    let before = h.stores.products.list(ALL).await.expect("list").total;
    h.tamper(Tampering::Withdraw(keyboard())).await;
    assert_eq!(h.stores.products.find(&keyboard()).await.expect("find"), None);
    let page = h.stores.products.list(ALL).await.expect("list");
    assert_eq!(page.total, before - 1);
    assert!(page.items.iter().all(|product| product.external_product_id != keyboard()));
}

pub async fn the_catalogue_is_ordered_and_paged(h: Harness) {
    let all = h.stores.products.list(ALL).await.expect("list");
    assert!(all.total >= 3, "the catalogue is seeded");
    let keys: Vec<_> = all
        .items
        .iter()
        .map(|p| (p.category.clone(), p.name.clone(), p.external_product_id.clone()))
        .collect();
    // Compared without case, so that the suite does not prescribe a collation.
    assert!(keys.is_sorted_by_key(|(category, name, sku)| (
        category.to_lowercase(),
        name.to_lowercase(),
        sku.clone()
    )));
    let page = h.stores.products.list(Page { offset: 1, size: 1 }).await.expect("list");
    assert_eq!((page.offset, page.size, page.total), (1, 1, all.total));
    assert_eq!(page.items, all.items[1..2]);
    let beyond = h.stores.products.list(Page { offset: 100_000, size: 10 }).await.expect("list");
    assert_eq!((beyond.total, beyond.items.len()), (all.total, 0));
}

pub async fn stock_is_set_and_listed_for_what_can_run_out(h: Harness) {
    let levels = async || {
        let mut levels = h.stores.products.stock_levels().await.expect("levels");
        levels.retain(|(sku, _)| [lamp(), course()].contains(sku));
        levels
    };
    let set = |sku: Sku, pieces| {
        let products = h.stores.products.clone();
        async move { products.set_stock(&sku, pieces).await.expect("set") }
    };
    assert_eq!(levels().await, [(lamp(), 3)]);
    assert!(set(lamp(), Some(0)).await);
    assert_eq!(levels().await, [(lamp(), 0)]);
    assert!(set(lamp(), None).await && set(course(), Some(Product::MAX_STOCK)).await);
    assert_eq!(levels().await, [(course(), Product::MAX_STOCK)]);
    let found = h.stores.products.find(&course()).await.expect("find").expect("seeded");
    assert_eq!(found.stock, Some(Product::MAX_STOCK));
    assert!(!set(Sku::parse("NOPE-1").expect("sku"), Some(1)).await);
    h.tamper(Tampering::Withdraw(lamp())).await;
    assert!(!set(lamp(), Some(1)).await, "not for sale");
}

over_every_store!(
    a_seeded_product_is_found_whole,
    unknown_and_inactive_products_are_not_found,
    the_catalogue_is_ordered_and_paged,
    stock_is_set_and_listed_for_what_can_run_out,
);
