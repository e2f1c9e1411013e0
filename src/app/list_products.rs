use std::sync::Arc;

use crate::domain::{Page, PageOf, Product, Sku};
use crate::ports::{ProductStore, StoreError};

/// Shows the catalogue, to anybody.
pub struct ListProducts {
    products: Arc<dyn ProductStore>,
}

impl ListProducts {
    /// The use case over this port.
    pub fn new(products: Arc<dyn ProductStore>) -> Self {
        Self { products }
    }

    /// A part of the catalogue.
    pub async fn run(&self, page: Page) -> Result<PageOf<Product>, StoreError> {
        self.products.list(page).await
    }

    /// One product; `None` when it is not for sale.
    pub async fn one(&self, sku: &Sku) -> Result<Option<Product>, StoreError> {
        self.products.find(sku).await
    }
}
