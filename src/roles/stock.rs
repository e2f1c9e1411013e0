use std::process::ExitCode;
use std::str::FromStr;

use super::{StartError, stores};
use crate::config::Settings;
use crate::domain::{Product, Sku};
use crate::ports::StoreError;

/// A product as the command line names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProductId(Sku);

impl FromStr for ProductId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let sku = Sku::parse(text).map(Self);
        sku.ok_or_else(|| "1 to 64 visible ASCII characters are expected".to_owned())
    }
}

/// Pieces of a product as the command line writes them: a number or `unlimited`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pieces(Option<u32>);

impl FromStr for Pieces {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "unlimited" {
            return Ok(Self(None));
        }
        let number = text.parse().ok().filter(|number| *number <= Product::MAX_STOCK);
        number
            .map(|number| Self(Some(number)))
            .ok_or_else(|| format!("use 0 to {} or unlimited", Product::MAX_STOCK))
    }
}

/// What to do with the stock of a product (D9a).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StockRequest {
    /// Which product.
    pub product: ProductId,
    /// The pieces to set, or `None` to show them.
    pub set: Option<Pieces>,
}

/// Does it and says what is left. Exit code 1 when the database does not answer or the product is
/// not for sale.
pub async fn stock(settings: Settings, request: StockRequest) -> ExitCode {
    match run(&settings, &request).await {
        Ok(Some(line)) => {
            println!("{line}");
            ExitCode::SUCCESS
        }
        Ok(None) => {
            eprintln!("No product that is for sale is called {}.", request.product.0);
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(settings: &Settings, request: &StockRequest) -> Result<Option<String>, StartError> {
    let products = stores::open(settings, false).await?.products;
    let silent = |error: StoreError| StartError::new("the database does not answer", error);
    let sku = &request.product.0;
    if let Some(Pieces(pieces)) = request.set
        && !products.set_stock(sku, pieces).await.map_err(silent)?
    {
        return Ok(None);
    }
    let found = products.find(sku).await.map_err(silent)?;
    Ok(found.map(|product| {
        let left = product.stock.map_or_else(|| "unlimited".to_owned(), |left| left.to_string());
        format!("{sku}: {left}")
    }))
}
