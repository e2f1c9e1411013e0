use std::sync::Arc;

use async_trait::async_trait;
use tiberius::Row;

use super::database::MssqlDatabase;
use super::order_rows::sku;
use super::row::{Cells, odd};
use super::unit;
use crate::domain::{BillingPeriod, Money, Page, PageOf, Product, Sku};
use crate::ports::{ProductStore, StoreError};

pub(super) struct MssqlProductStore {
    database: Arc<MssqlDatabase>,
}

impl MssqlProductStore {
    pub(super) fn new(database: Arc<MssqlDatabase>) -> Self {
        Self { database }
    }
}

#[async_trait]
impl ProductStore for MssqlProductStore {
    async fn list(&self, page: Page) -> Result<PageOf<Product>, StoreError> {
        let values = (i64::from(page.offset), i64::from(page.size));
        let answer = self.database.run(&unit::LIST_PRODUCTS, &[&values.0, &values.1]).await?;
        let total = answer.row(0)?.count("Total")?;
        Ok(PageOf { offset: page.offset, size: page.size, total, items: answer.read(1, product)? })
    }

    async fn find(&self, sku: &Sku) -> Result<Option<Product>, StoreError> {
        self.database.run(&unit::FIND_PRODUCT, &[&sku.as_str()]).await?.first(0, product)
    }

    async fn stock_levels(&self) -> Result<Vec<(Sku, u32)>, StoreError> {
        let level = |row: &Row| Ok((sku(row)?, stock(row)?.unwrap_or_default()));
        self.database.run(&unit::STOCK_LEVELS, &[]).await?.read(0, level)
    }

    async fn set_stock(&self, product: &Sku, pieces: Option<u32>) -> Result<bool, StoreError> {
        let pieces = pieces.map(|pieces| i32::try_from(pieces).unwrap_or(i32::MAX));
        let answer = self.database.run(&unit::SET_STOCK, &[&product.as_str(), &pieces]).await?;
        Ok(answer.row(0)?.count("Affected")? > 0)
    }
}

fn product(row: &Row) -> Result<Product, StoreError> {
    Ok(Product {
        external_product_id: sku(row)?,
        name: row.text("Name")?,
        category: row.text("Category")?,
        vendor: row.text("Vendor")?,
        image_url: row.text("ImageUrl")?,
        discount: u8::try_from(row.cell::<i32>("Discount")?).map_err(|_| odd("Discount"))?,
        billing_period: match row.cell::<&str>("BillingPeriod")? {
            "Monthly" => BillingPeriod::Monthly,
            "Annual" => BillingPeriod::Annual,
            _ => return Err(odd("BillingPeriod")),
        },
        is_subscription: row.cell("IsSubscription")?,
        list_price: Money::from_cents(row.cell("PriceCents")?),
        stock: stock(row)?,
    })
}

fn stock(row: &Row) -> Result<Option<u32>, StoreError> {
    row.maybe::<i32>("Stock")?.map(u32::try_from).transpose().map_err(|_| odd("Stock"))
}
