use async_trait::async_trait;

use super::StoreError;
use crate::domain::{Page, PageOf, Product, Sku};

/// The catalogue: products that are active and not deleted.
#[async_trait]
pub trait ProductStore: Send + Sync {
    /// A part of the catalogue, ordered by category, then name, then SKU.
    async fn list(&self, page: Page) -> Result<PageOf<Product>, StoreError>;

    /// One product; `None` when it is unknown, inactive or deleted.
    async fn find(&self, sku: &Sku) -> Result<Option<Product>, StoreError>;

    /// What is left of every product that can run out.
    async fn stock_levels(&self) -> Result<Vec<(Sku, u32)>, StoreError>;

    /// Sets what is left of a product, at most [`Product::MAX_STOCK`]; `None`: it cannot run out. `false`
    /// when there is no such product.
    async fn set_stock(&self, sku: &Sku, pieces: Option<u32>) -> Result<bool, StoreError>;
}
