use std::sync::Arc;

use crate::domain::Sku;
use crate::ports::{Cache, CacheArea, ProductStore, StoreError};

/// Sets what is left of a product, for operators (D9a).
pub struct SetStock {
    products: Arc<dyn ProductStore>,
    cache: Arc<dyn Cache>,
}

impl SetStock {
    /// The use case over these ports.
    pub fn new(products: Arc<dyn ProductStore>, cache: Arc<dyn Cache>) -> Self {
        Self { products, cache }
    }

    /// Sets the pieces left; `None`: the product cannot run out. `false` when it is not for sale.
    pub async fn run(&self, sku: &Sku, pieces: Option<u32>) -> Result<bool, StoreError> {
        let is_set = self.products.set_stock(sku, pieces).await?;
        if is_set {
            self.cache.invalidate(CacheArea::Stock).await;
        }
        Ok(is_set)
    }
}
