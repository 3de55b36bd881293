//! Rational numbers for the power series of powser1.go and powser2.go: the originals' `rat`, with
//! `gcd` and its operations.

/// A rational in lowest terms; `den` is 0 for the end mark and else positive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rat {
    pub(crate) num: i64,
    pub(crate) den: i64,
}

pub(crate) const ZERO: Rat = Rat { num: 0, den: 1 };
pub(crate) const ONE: Rat = Rat { num: 1, den: 1 };
pub(crate) const FINIS: Rat = Rat { num: 1, den: 0 };

fn gcd(u: i64, v: i64) -> i64 {
    match u {
        0 => v,
        _ if u < 0 => gcd(-u, v),
        _ => gcd(v % u, u),
    }
}

impl Rat {
    pub(crate) fn new(u: i64, v: i64) -> Rat {
        let g = gcd(u, v);
        if v > 0 {
            Rat {
                num: u / g,
                den: v / g,
            }
        } else {
            Rat {
                num: -u / g,
                den: -v / g,
            }
        }
    }

    pub(crate) fn int(u: i64) -> Rat {
        Rat::new(u, 1)
    }

    pub(crate) fn is_end(self) -> bool {
        self.den == 0
    }

    pub(crate) fn add(self, v: Rat) -> Rat {
        let g = gcd(self.den, v.den);
        Rat::new(
            self.num * (v.den / g) + v.num * (self.den / g),
            self.den * (v.den / g),
        )
    }

    pub(crate) fn mul(self, v: Rat) -> Rat {
        let (g1, g2) = (gcd(self.num, v.den), gcd(self.den, v.num));
        Rat {
            num: (self.num / g1) * (v.num / g2),
            den: (self.den / g2) * (v.den / g1),
        }
    }

    pub(crate) fn neg(self) -> Rat {
        Rat::new(-self.num, self.den)
    }

    pub(crate) fn inv(self) -> Rat {
        assert!(self.num != 0, "zero divide in inv");
        Rat::new(self.den, self.num)
    }
}
