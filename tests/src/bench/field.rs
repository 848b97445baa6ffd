//! One load's programs side by side, measured round by round.

use super::error::BenchError;
use super::figures::{Added, Noise};
use super::programs::{Mutator, Programs, Stock, Turn};
use super::report::{LoadResult, VariantResult};
use super::shipped::Shipped;

/// Who is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Variant {
    Stock(Stock),
    /// By its place in [`Field::shipped`].
    Shipped(usize),
}

pub struct Field {
    pub programs: Programs,
    pub shipped: Vec<Shipped>,
    /// Who is called at present. To change that the kernel waits for others, who use the caches
    /// meanwhile; so it is changed only when it must.
    called: Option<Variant>,
}

/// The frames of one turn.
pub struct Frames<'a> {
    pub mutator: Mutator,
    pub frame: &'a [u8],
    pub turn: Turn,
    pub count: u32,
}

impl Field {
    pub fn new(programs: Programs, shipped: Vec<Shipped>) -> Self {
        Self { programs, shipped, called: None }
    }

    fn call(&mut self, variant: Variant) -> Result<(), BenchError> {
        if self.called == Some(variant) {
            return Ok(());
        }
        match variant {
            Variant::Stock(stock) => self.programs.measure_stock(stock)?,
            Variant::Shipped(index) => {
                let program = self.shipped[index].datapath.program();
                self.programs.measure(program.ok_or(BenchError::Missing("wardline"))?)?;
            }
        }
        self.called = Some(variant);
        Ok(())
    }

    /// The null first, then the stock programs asked for, then every shipped one.
    pub fn variants(&self, stock: &[Stock]) -> Vec<Variant> {
        let stock = std::iter::once(Stock::Null).chain(stock.iter().copied()).map(Variant::Stock);
        stock.chain((0..self.shipped.len()).map(Variant::Shipped)).collect()
    }

    pub fn name(&self, variant: Variant) -> &str {
        match variant {
            Variant::Stock(stock) => stock.name(),
            Variant::Shipped(index) => &self.shipped[index].name,
        }
    }

    /// Nanoseconds a frame of one turn.
    pub fn run(&mut self, variant: Variant, frames: &Frames<'_>) -> Result<f64, BenchError> {
        self.call(variant)?;
        let name = self.name(variant).to_owned();
        let time =
            self.programs.run(frames.mutator, frames.frame, frames.turn, frames.count, &name)?;
        if let Variant::Shipped(index) = variant {
            self.shipped[index].after_turn(frames.count);
        }
        Ok(time)
    }

    /// Measures all variants in each of `rounds` rounds with the frames that `frames` gives for
    /// the round.
    pub fn interleave<'a>(
        &mut self,
        variants: &[Variant],
        rounds: u32,
        frames: impl Fn(u32) -> Frames<'a>,
    ) -> Result<Vec<Vec<f64>>, BenchError> {
        let mut times = vec![Vec::new(); variants.len()];
        for round in 0..rounds {
            for (variant, times) in variants.iter().zip(&mut times) {
                times.push(self.run(*variant, &frames(round))?);
            }
        }
        Ok(times)
    }

    /// The result of [`Self::interleave`], of which the first variant was the null.
    pub fn result(
        &self,
        name: &str,
        description: &str,
        variants: &[Variant],
        times: &[Vec<f64>],
    ) -> LoadResult {
        let null = &times[0];
        let added = variants.iter().zip(times).skip(1).map(|(variant, times)| VariantResult {
            name: self.name(*variant).to_owned(),
            added: Added::over(null, times),
            books: match variant {
                Variant::Shipped(index) => Some(self.shipped[*index].books()),
                Variant::Stock(_) => None,
            },
        });
        LoadResult {
            name: name.to_owned(),
            description: description.to_owned(),
            rounds: null.len(),
            null: Noise::of(null),
            variants: added.collect(),
        }
    }
}
