use serde::Deserialize;
use utoipa::ToSchema;

use crate::domain::Product;
use crate::http::Problem;

/// What is left of a product.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = Stock, example = json!({ "stock": 25 }))]
pub(in crate::http) struct StockBody {
    /// Pieces left; `null`: the product cannot run out.
    #[schema(minimum = 0, maximum = 2147483647_u32, required = true)]
    #[serde(deserialize_with = "super::number::whole_or_null")]
    stock: Option<i64>,
}

impl StockBody {
    /// The pieces, checked.
    pub(in crate::http) fn pieces(&self) -> Result<Option<u32>, Problem> {
        let refuse = || {
            let message = format!("0 to {} or null are expected", Product::MAX_STOCK);
            Problem::invalid([("stock".to_owned(), message)])
        };
        let legal = |pieces| u32::try_from(pieces).ok().filter(|n| *n <= Product::MAX_STOCK);
        self.stock.map(|pieces| legal(pieces).ok_or_else(refuse)).transpose()
    }
}
