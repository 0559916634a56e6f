//! Options that would do nothing are refused by name.

use emporion_tables::site_rules::{Group, Line, Rule};

use crate::args::{self, SiteProblem};
use crate::failure::Failure;

/// The first option given of a list.
fn given(options: &[(&'static str, bool)]) -> Option<&'static str> {
    options.iter().find(|(_, given)| *given).map(|(option, _)| *option)
}

/// Options of capture where nothing is captured.
pub fn of_capture_only(arguments: &args::Site) -> Result<(), Failure> {
    let idle = match arguments.problem {
        SiteProblem::Capture => None,
        _ => given(&of_capture(&arguments.capture)),
    };
    match idle {
        Some(option) => Err(Failure::new(format!(
            "{option} is for --problem capture: name it, or leave the option out"
        ))),
        None => Ok(()),
    }
}

/// `--about` where nothing is read from it.
pub fn about(arguments: &args::Site, lines: &[Line]) -> Result<(), Failure> {
    let column =
        |name: &Option<String>| name.as_deref().is_some_and(|name| name.parse::<f64>().is_err());
    let of_rule = |line: &Line| {
        matches!(
            line.rule,
            Rule::CostColumn(_)
                | Rule::AtMost(_, Group::With { .. })
                | Rule::AtLeast(_, Group::With { .. })
        )
    };
    let read = [&arguments.opening, &arguments.capacity]
        .into_iter()
        .chain([&arguments.capture.attraction, &arguments.capture.outside])
        .any(column);
    let (towns, fallback) = (&arguments.distances.agglomerations, &arguments.distances.fallback);
    let coordinates = towns.is_some() || fallback.as_deref() == Some("great-circle");
    if arguments.about.is_none() || read || coordinates || lines.iter().any(of_rule) {
        return Ok(());
    }
    Err(Failure::new(
        "--about is read for columns that --opening, --capacity, --attraction, --outside or the rules \
         name, for coordinates of --fallback great-circle and for areas of --agglomerations: name a \
         column, or leave it out",
    ))
}

/// Options of a question beside `--check`, which repeats the question of the answer.
pub fn beside_check(arguments: &args::Site) -> Result<(), Failure> {
    // Every field by name: a new option has to say whether it means something here.
    let args::Site {
        data: _,
        check: _,
        shape: _,
        ruled: _,
        // Has a default, so that only the parser knows that it is given.
        problem: _,
        add,
        p,
        radius,
        opening,
        capacity,
        about,
        roads,
        one_way,
        curve,
        what_if,
        rules,
        plans,
        within,
        keep,
        never,
        weight,
        weights,
        kind,
        parent,
        distances,
        gravity,
        capture,
    } = arguments;
    let asked = [
        ("--add", add.is_some()),
        ("--p", p.is_some()),
        ("--radius", radius.is_some()),
        ("--opening", opening.is_some()),
        ("--capacity", capacity.is_some()),
        ("--about", about.is_some()),
        ("--roads", roads.is_some()),
        ("--one-way", *one_way),
        ("--curve", *curve),
        ("--what-if", *what_if),
        ("--rules", rules.is_some()),
        ("--plans", plans.is_some()),
        ("--within", within.is_some()),
        ("--keep", !keep.is_empty()),
        ("--never", !never.is_empty()),
        ("--weight", weight.is_some()),
        ("--weights", weights.is_some()),
        ("--kind", kind.is_some()),
        ("--parent", parent.is_some()),
    ];
    let idle = given(&asked)
        .or_else(|| given(&of_distances(distances)))
        .or_else(|| given(&of_gravity(gravity)))
        .or_else(|| given(&of_capture(capture)));
    match idle {
        Some(option) => Err(Failure::new(format!(
            "--check proves again what its file answers, whose options stand in it: leave {option} out"
        ))),
        None => Ok(()),
    }
}

fn of_distances(asked: &args::SiteDistances) -> [(&'static str, bool); 4] {
    let args::SiteDistances { agglomerations, mean, fallback, unit } = asked;
    [
        ("--agglomerations", agglomerations.is_some()),
        ("--mean", mean.is_some()),
        ("--fallback", fallback.is_some()),
        ("--unit", unit.is_some()),
    ]
}

fn of_gravity(asked: &args::SiteGravity) -> [(&'static str, bool); 16] {
    let args::SiteGravity {
        model,
        coefficient,
        label,
        beta,
        beta_se,
        decay,
        decay_se,
        reach,
        exporter,
        flows,
        conditions,
        trade_before_offices,
        draws,
        // Asks for draws.
        seed: _,
        revalue,
        theta,
        absent,
    } = asked;
    [
        ("--model", model.is_some()),
        ("--coefficient", coefficient.is_some()),
        ("--label", label.is_some()),
        ("--beta", beta.is_some()),
        ("--beta-se", beta_se.is_some()),
        ("--decay", decay.is_some()),
        ("--decay-se", decay_se.is_some()),
        ("--reach", reach.is_some()),
        ("--exporter", exporter.is_some()),
        ("--flows", flows.is_some()),
        ("--where", !conditions.is_empty()),
        ("--trade-before-offices", *trade_before_offices),
        ("--draws", draws.is_some()),
        ("--revalue", *revalue),
        ("--theta", theta.is_some()),
        ("--absent", absent.is_some()),
    ]
}

fn of_capture(asked: &args::SiteCapture) -> [(&'static str, bool); 7] {
    let args::SiteCapture {
        huff,
        logit,
        attraction,
        size_exponent,
        rivals,
        outside,
        least_distance,
    } = asked;
    [
        ("--huff", huff.is_some()),
        ("--logit", logit.is_some()),
        ("--attraction", attraction.is_some()),
        ("--size-exponent", size_exponent.is_some()),
        ("--rivals", rivals.is_some()),
        ("--outside", outside.is_some()),
        ("--least-distance", least_distance.is_some()),
    ]
}
