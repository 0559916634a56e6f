//! The options of the command line as a question to the estimator.

use emporion_brief::stages::gravity::{ErrorColumns, Family, Question};
use emporion_model::estimate::design::WeightKind;
use emporion_model::estimate::spatial::Kernel;
use emporion_model::estimate::{Options, Road, SmallSample};
use emporion_tables::design::{DesignOptions, Duplicates, Panel};

use crate::args::{self, Convention, EffectRoad, Errors, Repeated};
use crate::failure::Failure;

/// Reads the options.
pub fn question(arguments: &args::Estimate) -> Result<Question, Failure> {
    let errors = errors(arguments)?;
    let clusters = match &errors {
        ErrorColumns::NeweyWest { .. } => vec![arguments.unit.clone()],
        _ => arguments.cluster.clone(),
    };
    let defaults = Options::default();
    Ok(Question {
        family: match arguments.family {
            args::Family::Poisson => Family::Poisson,
            args::Family::Ols => Family::Gaussian,
        },
        errors,
        options: Options {
            small_sample: match arguments.small_sample {
                Convention::Raw => SmallSample::Raw,
                Convention::Stata => SmallSample::Stata,
                Convention::Fixest => SmallSample::Fixest,
            },
            tolerance: arguments.tolerance.unwrap_or(defaults.tolerance),
            road: match arguments.road {
                EffectRoad::Auto => Road::Auto,
                EffectRoad::Dense => Road::Dense,
                EffectRoad::Sparse => Road::Sparse,
            },
            separation: !arguments.keep_separated,
            keep_singletons: arguments.keep_singletons,
            ..defaults
        },
        design: DesignOptions {
            clusters,
            weights: arguments.weights.clone().or_else(|| arguments.frequency.clone()),
            weight_kind: match arguments.frequency {
                Some(_) => WeightKind::Frequency,
                None => WeightKind::Analytic,
            },
            offset: arguments.offset.clone(),
            panel: arguments.panel.as_deref().map(panel).transpose()?,
            duplicates: match arguments.duplicates {
                Repeated::Refuse => Duplicates::Refuse,
                Repeated::Sum => Duplicates::Sum,
                Repeated::Keep => Duplicates::Keep,
            },
        },
    })
}

/// `origin,destination:year`
fn panel(text: &str) -> Result<Panel, Failure> {
    let wrong = || {
        Failure::new(format!(
            "--panel {text:?}: write the columns of the unit, a colon, and the column of the time, \
             such as origin,destination:year"
        ))
    };
    let (unit, time) = text.split_once(':').ok_or_else(wrong)?;
    let unit: Vec<String> = unit.split(',').map(|name| name.trim().to_owned()).collect();
    if time.trim().is_empty() || unit.iter().any(String::is_empty) {
        return Err(wrong());
    }
    Ok(Panel { unit, time: time.trim().to_owned() })
}

fn errors(arguments: &args::Estimate) -> Result<ErrorColumns, Failure> {
    let clustered = !arguments.cluster.is_empty();
    let chosen = arguments.vcov.unwrap_or(match (clustered, &arguments.coordinates) {
        (true, _) => Errors::Cluster,
        (false, Some(_)) => Errors::Conley,
        (false, None) => Errors::Robust,
    });
    if clustered && chosen != Errors::Cluster {
        return Err(Failure::new(
            "--cluster asks for clustered errors, --vcov for others; leave out one of the two",
        ));
    }
    Ok(match chosen {
        Errors::Iid => ErrorColumns::Iid,
        Errors::Robust => ErrorColumns::Robust,
        Errors::Cluster if clustered => ErrorColumns::Cluster,
        Errors::Cluster => {
            return Err(Failure::new(
                "--vcov cluster needs a column: add --cluster COLUMN, such as --cluster \
                 origin^destination",
            ));
        }
        Errors::Conley => conley(arguments)?,
        Errors::DriscollKraay => {
            ErrorColumns::DriscollKraay { time: arguments.time.clone(), lag: arguments.lag }
        }
        Errors::NeweyWest => {
            ErrorColumns::NeweyWest { time: arguments.time.clone(), lag: arguments.lag }
        }
    })
}

fn conley(arguments: &args::Estimate) -> Result<ErrorColumns, Failure> {
    let columns = arguments.coordinates.as_deref().and_then(|text| text.split_once(','));
    let (Some((latitude, longitude)), Some(cutoff)) = (columns, arguments.cutoff) else {
        return Err(Failure::new(
            "--vcov conley needs the columns of the coordinates and a distance: --coordinates \
             lat,lon --cutoff 500",
        ));
    };
    Ok(ErrorColumns::Conley {
        latitude: latitude.trim().to_owned(),
        longitude: longitude.trim().to_owned(),
        cutoff,
        kernel: match arguments.kernel {
            args::Kernel::Uniform => Kernel::Uniform,
            args::Kernel::Bartlett => Kernel::Bartlett,
        },
    })
}
