use std::collections::HashMap;
use std::sync::Arc;

use super::cached::{Copied, cached};
use crate::domain::{Page, PageOf, Product, Sku};
use crate::ports::{Cache, CacheArea, CacheKey, ProductStore, StoreError};

/// Shows the catalogue, to anybody. Everybody asks for the same, so it comes from the cache
/// (S1-Dia-7).
pub struct ListProducts {
    products: Arc<dyn ProductStore>,
    cache: Arc<dyn Cache>,
}

impl ListProducts {
    /// The use case over these ports.
    pub fn new(products: Arc<dyn ProductStore>, cache: Arc<dyn Cache>) -> Self {
        Self { products, cache }
    }

    /// A part of the catalogue.
    pub async fn run(&self, page: Page) -> Result<Copied<PageOf<Product>>, StoreError> {
        let key = key(format!("page:{}:{}", page.offset, page.size));
        let mut found = cached(self.cache.as_ref(), &key, self.products.list(page)).await?;
        found.stale |= self.count_stock(&mut found.value.items).await;
        Ok(found)
    }

    /// One product; `None` when it is not for sale.
    pub async fn one(&self, sku: &Sku) -> Result<Copied<Option<Product>>, StoreError> {
        let key = key(format!("product:{sku}"));
        let mut found = cached(self.cache.as_ref(), &key, self.products.find(sku)).await?;
        found.stale |= self.count_stock(found.value.as_mut_slice()).await;
        Ok(found)
    }

    /// Sets what is left of each product, which is asked more often than the rest (D9a). Whether that is
    /// outdated; what cannot be asked stays as it was read with the product.
    async fn count_stock(&self, products: &mut [Product]) -> bool {
        let key = CacheKey { area: CacheArea::Stock, id: "levels".to_owned() };
        let levels = cached(self.cache.as_ref(), &key, self.products.stock_levels()).await;
        let Ok(levels) = levels else { return true };
        let mut left: HashMap<Sku, u32> = levels.value.into_iter().collect();
        for product in products {
            product.stock = left.remove(&product.external_product_id);
        }
        levels.stale
    }
}

fn key(id: String) -> CacheKey {
    CacheKey { area: CacheArea::Catalogue, id }
}
