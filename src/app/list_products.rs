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
        cached(self.cache.as_ref(), &key, self.products.list(page)).await
    }

    /// One product; `None` when it is not for sale.
    pub async fn one(&self, sku: &Sku) -> Result<Copied<Option<Product>>, StoreError> {
        cached(self.cache.as_ref(), &key(format!("product:{sku}")), self.products.find(sku)).await
    }
}

fn key(id: String) -> CacheKey {
    CacheKey { area: CacheArea::Catalogue, id }
}
