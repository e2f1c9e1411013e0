use std::sync::Arc;

use async_trait::async_trait;

use super::Guard;
use crate::domain::{Page, PageOf, Product, Sku};
use crate::ports::{ProductStore, StoreError};

/// The catalogue behind a guard.
pub struct GuardedProducts {
    inner: Arc<dyn ProductStore>,
    guard: Arc<Guard>,
}

impl GuardedProducts {
    /// Guards `inner`.
    pub fn new(inner: Arc<dyn ProductStore>, guard: Arc<Guard>) -> Self {
        Self { inner, guard }
    }
}

#[async_trait]
impl ProductStore for GuardedProducts {
    async fn list(&self, page: Page) -> Result<PageOf<Product>, StoreError> {
        self.guard.call(self.inner.list(page)).await
    }

    async fn find(&self, sku: &Sku) -> Result<Option<Product>, StoreError> {
        self.guard.call(self.inner.find(sku)).await
    }

    async fn stock_levels(&self) -> Result<Vec<(Sku, u32)>, StoreError> {
        self.guard.call(self.inner.stock_levels()).await
    }

    async fn set_stock(&self, sku: &Sku, pieces: Option<u32>) -> Result<bool, StoreError> {
        self.guard.call(self.inner.set_stock(sku, pieces)).await
    }
}
