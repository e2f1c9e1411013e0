use std::sync::Arc;

use async_trait::async_trait;
use rusqlite::Row;

use super::database::SqliteDatabase;
use super::orders::{illegal, sku};
use super::statement::{all, execute, first, only};
use crate::domain::{BillingPeriod, Money, Page, PageOf, Product, Sku};
use crate::ports::{ProductStore, StoreError};

pub(super) struct SqliteProductStore {
    database: Arc<SqliteDatabase>,
}

impl SqliteProductStore {
    pub(super) fn new(database: Arc<SqliteDatabase>) -> Self {
        Self { database }
    }
}

#[async_trait]
impl ProductStore for SqliteProductStore {
    async fn list(&self, page: Page) -> Result<PageOf<Product>, StoreError> {
        self.database
            .read(move |connection| {
                let total = only(connection, sql!("product_count"), [], |row| row.get(0))?;
                let items =
                    all(connection, sql!("product_page"), (page.size, page.offset), read_product)?;
                Ok(PageOf { offset: page.offset, size: page.size, total, items })
            })
            .await
    }

    async fn find(&self, sku: &Sku) -> Result<Option<Product>, StoreError> {
        let sku = sku.clone();
        self.database
            .read(move |connection| {
                Ok(first(connection, sql!("product_find"), [sku.as_str()], read_product)?)
            })
            .await
    }

    async fn stock_levels(&self) -> Result<Vec<(Sku, u32)>, StoreError> {
        self.database
            .read(|connection| Ok(all(connection, sql!("product_stock_levels"), [], read_level)?))
            .await
    }

    async fn set_stock(&self, sku: &Sku, pieces: Option<u32>) -> Result<bool, StoreError> {
        let sku = sku.clone();
        self.database
            .write(move |connection, now| {
                let values = (sku.as_str(), pieces, now.micros);
                Ok(execute(connection, sql!("product_set_stock"), values)? > 0)
            })
            .await
    }
}

fn read_level(row: &Row<'_>) -> rusqlite::Result<(Sku, u32)> {
    Ok((sku(row, 0)?, row.get(1)?))
}

fn read_product(row: &Row<'_>) -> rusqlite::Result<Product> {
    Ok(Product {
        external_product_id: sku(row, 0)?,
        name: row.get(1)?,
        category: row.get(2)?,
        vendor: row.get(3)?,
        image_url: row.get(4)?,
        discount: row.get(5)?,
        billing_period: match row.get_ref(6)?.as_str()? {
            "Monthly" => BillingPeriod::Monthly,
            "Annual" => BillingPeriod::Annual,
            _ => return Err(illegal(6, "a billing period")),
        },
        is_subscription: row.get(7)?,
        list_price: Money::from_cents(row.get(8)?),
        stock: row.get(9)?,
    })
}
