//! What a model's weights decide.

use crate::rating::ratings::input::SensitivityIn;
use actix_web::{post, web};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::platform::http::auth::SurveyRatings;
use crate::platform::http::{Actor, Answer, Command, Executor, Outcome};
use crate::rating::ratings::actions::sensitivity::{
    self, NearestTurn, Sensitive, SensitiveCustomer,
};
use kernel::ids::{CustomerId, RatingModelId};
use kernel::text::Keyword;
use methods::ahp::Shift;
use methods::attributes::{GradeTurn, Turning};
use methods::numbers::shown;

pub fn routes(config: &mut ServiceConfig) {
    config.service(read_rating_model_sensitivity);
}

/// Read the sensitivity of a rating model
///
/// Of a model that weighs attributes: what moving each weight by a step does to the weights of all indicators in the
/// whole, the siblings sharing the rest in proportion; and for customers at which weight their grade turns over, and at
/// which two of them change places. Grades are those that the score alone gives on the live scale, with what is known
/// today; floors and caps do not hang on weights. Nothing is kept.
#[utoipa::path(
    tag = "ratings",
    params(("id" = RatingModelId, Path, description = "A model of kind `attribute_tree`.")),
    request_body = SensitivityIn,
    responses((status = 200, description = "What hangs on the weights.", body = SensitivityOut)),
    security(("bearer" = ["ratings:survey"]))
)]
#[post("/v1/rating-models/{id}/sensitivity")]
pub async fn read_rating_model_sensitivity(
    _: Actor<SurveyRatings>,
    id: web::Path<RatingModelId>,
    command: Command<SensitivityIn>,
    executor: web::Data<Executor>,
) -> Outcome {
    let found = executor
        .read(move |db| {
            let input = command.input();
            let found = sensitivity::sensitivity(db, *id, &input.customers, input.step)?;
            Ok(SensitivityOut::of(*id, input.step, found))
        })
        .await?;
    Ok(Answer::ok(&found)?.into_response())
}

/// What hangs on the weights of a model.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ModelSensitivity, example = json!({
    "model_id": "rmd_01k00000000000000000000001", "step": 0.05,
    "customers": [{
        "customer_id": "cus_01k00000000000000000000001", "customer_number": "C-1001", "score": 0.54, "grade": "BBB",
        "not_rated_because": null,
        "nearest": {"path": ["HISTORY"], "weight": 0.6, "at": 0.5, "grade": "BB", "moved": 0.1}
    }],
    "attributes": [{
        "path": ["HISTORY"], "weight": 0.6, "global_weight": 0.6,
        "lowered": {"weight": 0.55, "rank_changes": 0, "leaves": [
            {"code": "HISTORY", "weight_before": 0.6, "weight_after": 0.55, "rank_before": 1, "rank_after": 1}]},
        "raised": {"weight": 0.65, "rank_changes": 0, "leaves": [
            {"code": "HISTORY", "weight_before": 0.6, "weight_after": 0.65, "rank_before": 1, "rank_after": 1}]},
        "grade_turns": [{
            "customer_id": "cus_01k00000000000000000000001", "lower": {"at": 0.5, "grade": "BB"},
            "higher": {"at": 0.75, "grade": "A"}
        }],
        "order_turns": []
    }]
}))]
pub struct SensitivityOut {
    model_id: RatingModelId,
    step: f64,
    #[schema(max_items = 20)]
    customers: Vec<SensitiveCustomerOut>,
    /// Every attribute that has siblings to trade weight with, top down.
    #[schema(max_items = 10_000)]
    attributes: Vec<AttributeSensitivityOut>,
}

/// A customer as the model sees it today.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SensitiveCustomer)]
pub struct SensitiveCustomerOut {
    customer_id: CustomerId,
    #[schema(max_length = 64)]
    customer_number: String,
    score: Option<f64>,
    /// What the score alone gives.
    #[schema(max_length = 10)]
    grade: String,
    #[schema(max_length = 1000)]
    not_rated_because: Option<String>,
    /// The smallest move of weight, in the whole, that gives another grade; null when none does.
    nearest: Option<NearestTurnOut>,
}

/// The smallest move of weight that gives another grade.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NearestGradeTurn)]
pub struct NearestTurnOut {
    /// The attribute whose weight is moved.
    #[schema(max_items = 10, value_type = Vec<Keyword>)]
    path: Vec<String>,
    /// Among its siblings, as it is.
    weight: f64,
    /// Among its siblings, where the grade turns.
    at: f64,
    /// The grade beyond.
    #[schema(max_length = 10)]
    grade: String,
    /// How much weight is moved in the whole.
    moved: f64,
}

/// What hangs on the weight of one attribute.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AttributeSensitivity)]
pub struct AttributeSensitivityOut {
    /// The codes from below the goal down to it.
    #[schema(max_items = 10, value_type = Vec<Keyword>)]
    path: Vec<String>,
    /// Among its siblings.
    weight: f64,
    /// In the whole.
    global_weight: f64,
    lowered: WeightShiftOut,
    raised: WeightShiftOut,
    /// Where the grades of the customers who could be scored turn.
    #[schema(max_items = 20)]
    grade_turns: Vec<GradeTurnsOut>,
    /// Where two of them change places, by rising weight.
    #[schema(max_items = 1000)]
    order_turns: Vec<OrderTurnOut>,
}

/// The indicators' weights after a step.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WeightShift)]
pub struct WeightShiftOut {
    /// The attribute's new weight among its siblings, kept from 0 to 1.
    weight: f64,
    /// How many indicators changed their rank.
    #[schema(minimum = 0, maximum = 100_000)]
    rank_changes: usize,
    #[schema(max_items = 10_000)]
    leaves: Vec<LeafShiftOut>,
}

/// An indicator's weight in the whole before and after a step.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LeafShift)]
pub struct LeafShiftOut {
    #[schema(max_length = 64)]
    code: String,
    weight_before: f64,
    weight_after: f64,
    /// 1 is the heaviest; equal weights share a rank.
    #[schema(minimum = 1, maximum = 100_000)]
    rank_before: usize,
    #[schema(minimum = 1, maximum = 100_000)]
    rank_after: usize,
}

/// The nearest weights on either side at which a customer gets another grade.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = GradeTurns)]
pub struct GradeTurnsOut {
    customer_id: CustomerId,
    /// With less weight than this; null when the grade stays.
    lower: Option<GradeTurnOut>,
    /// With this weight or more; null when the grade stays.
    higher: Option<GradeTurnOut>,
}

/// A weight at which the grade turns.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = GradeTurn)]
pub struct GradeTurnOut {
    /// Among the siblings.
    at: f64,
    /// The grade beyond.
    #[schema(max_length = 10)]
    grade: String,
}

/// A weight at which two customers are level.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OrderTurn)]
pub struct OrderTurnOut {
    /// Among the siblings.
    at: f64,
    /// Who leads with less weight.
    ahead_below: CustomerId,
    /// Who leads with more.
    ahead_above: CustomerId,
}

impl SensitivityOut {
    fn of(model_id: RatingModelId, step: f64, found: Sensitive) -> SensitivityOut {
        let Sensitive {
            customers,
            scored,
            attributes,
        } = found;
        SensitivityOut {
            model_id,
            step,
            customers: customers
                .into_iter()
                .map(SensitiveCustomerOut::from)
                .collect(),
            attributes: attributes
                .into_iter()
                .map(|one| AttributeSensitivityOut::of(one, &scored))
                .collect(),
        }
    }
}

impl From<SensitiveCustomer> for SensitiveCustomerOut {
    fn from(one: SensitiveCustomer) -> SensitiveCustomerOut {
        SensitiveCustomerOut {
            customer_id: one.customer,
            customer_number: one.number,
            score: one.score.map(shown),
            grade: one.grade,
            not_rated_because: one.refusal,
            nearest: one.nearest.map(NearestTurnOut::from),
        }
    }
}

impl From<NearestTurn> for NearestTurnOut {
    fn from(nearest: NearestTurn) -> NearestTurnOut {
        NearestTurnOut {
            path: nearest.path,
            weight: shown(nearest.weight),
            at: shown(nearest.turn.weight),
            grade: nearest.turn.grade,
            moved: shown(nearest.moved),
        }
    }
}

impl AttributeSensitivityOut {
    fn of(one: Turning, scored: &[CustomerId]) -> AttributeSensitivityOut {
        let at = |place: usize| scored.get(place).copied();
        let grades = scored.iter().zip(one.grades);
        let orders = one.orders.into_iter().filter_map(|turn| {
            Some(OrderTurnOut {
                at: shown(turn.weight),
                ahead_below: at(turn.ahead_below)?,
                ahead_above: at(turn.ahead_above)?,
            })
        });
        AttributeSensitivityOut {
            path: one.path,
            weight: shown(one.weight),
            global_weight: shown(one.global_weight),
            lowered: one.shift.lowered.into(),
            raised: one.shift.raised.into(),
            grade_turns: grades
                .map(|(customer, turns)| GradeTurnsOut {
                    customer_id: *customer,
                    lower: turns.lower.map(GradeTurnOut::from),
                    higher: turns.higher.map(GradeTurnOut::from),
                })
                .collect(),
            order_turns: orders.collect(),
        }
    }
}

impl From<GradeTurn> for GradeTurnOut {
    fn from(turn: GradeTurn) -> GradeTurnOut {
        GradeTurnOut {
            at: shown(turn.weight),
            grade: turn.grade,
        }
    }
}

impl From<Shift> for WeightShiftOut {
    fn from(shift: Shift) -> WeightShiftOut {
        let leaves = shift.leaves.into_iter().map(|leaf| LeafShiftOut {
            code: leaf.code,
            weight_before: shown(leaf.weight_before),
            weight_after: shown(leaf.weight_after),
            rank_before: leaf.rank_before,
            rank_after: leaf.rank_after,
        });
        WeightShiftOut {
            weight: shown(shift.weight),
            rank_changes: shift.rank_changes,
            leaves: leaves.collect(),
        }
    }
}
