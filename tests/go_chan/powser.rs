//! The power series package under the ports of test/chan/powser1.go and powser2.go (GS-13, GS-31,
//! GS-53, GS-63).
//!
//! A power series is a pair of channels: one for requests, one along which rational coefficients
//! flow. A denominator of zero signifies the end. Original code in Newsqueak by Doug McIlroy; see
//! his "Squinting at Power Series",
//! <https://swtch.com/~rsc/thread/squint.pdf>.
//!
//! The element type is a parameter: powser1 sends plain rationals, powser2 interface values.
//! Upper-case names in Go are functions on series here, lower-case ones are methods of `Rat`.
//! Unlike Go's, these generators end: dropping the last [`Series`] closes its request channel, and
//! its generator then gives up and drops the series it draws from.

use std::sync::atomic::{AtomicU64, Ordering};

use gort::prelude::*;
use gort::runtime::goexit;

use super::rat::{FINIS, ONE, Rat, ZERO};

/// What flows along the data channels and is a rational inside.
pub(crate) trait Item: Send + 'static {
    fn of(rat: Rat) -> Self;
    fn rat(&self) -> Rat;
}

/// The reading end of a series.
pub(crate) struct Series<I> {
    req: Sender<u64>,
    dat: Receiver<I>,
}

impl<I> Clone for Series<I> {
    fn clone(&self) -> Series<I> {
        Series {
            req: self.req.clone(),
            dat: self.dat.clone(),
        }
    }
}

/// The generating end of a series.
struct Out<I> {
    req: Receiver<u64>,
    dat: Sender<I>,
}

impl<I: Item> Out<I> {
    /// Waits for a request; ends the goroutine when nobody can ask any more.
    fn wait(&self) {
        if chan!(<-self.req).is_none() {
            goexit();
        }
    }

    fn give(&self, rat: Rat) {
        chan!(self.dat <- I::of(rat));
    }

    fn put(&self, rat: Rat) {
        self.wait();
        self.give(rat);
    }

    fn copy(&self, from: &Series<I>) {
        loop {
            self.wait();
            self.give(from.get());
        }
    }
}

fn series<I>() -> (Out<I>, Series<I>) {
    let (req_tx, req) = gort::channel(0);
    let (dat, dat_rx) = gort::channel(0);
    (
        Out { req, dat },
        Series {
            req: req_tx,
            dat: dat_rx,
        },
    )
}

/// A series whose terms `body` generates in a goroutine.
fn generator<I: Item>(body: impl FnOnce(Out<I>) + Send + 'static) -> Series<I> {
    let (out, series) = series();
    go!(move || body(out));
    series
}

/// Numbers the requests, as the original does.
fn seqno() -> u64 {
    static SEQNO: AtomicU64 = AtomicU64::new(0);
    SEQNO.fetch_add(1, Ordering::Relaxed) + 1
}

/// Ends the goroutine where a channel of its own series has been dropped.
fn or_exit<T>(value: Option<T>) -> T {
    value.unwrap_or_else(|| goexit())
}

impl<I: Item> Series<I> {
    pub(crate) fn get(&self) -> Rat {
        chan!(self.req <- seqno());
        or_exit(chan!(<-self.dat)).rat()
    }

    /// One term of `self` and one of `other`, whichever comes first: a channel in use is `None`
    /// once it has served.
    fn get2(&self, other: &Series<I>) -> [Rat; 2] {
        let input = [self, other];
        let mut req = [Some(&self.req), Some(&other.req)];
        let mut dat: [Option<&Receiver<I>>; 2] = [None, None];
        let mut out = [FINIS; 2];
        for _ in 0..4 {
            select! {
                req[0] <- seqno() => {
                    dat[0] = Some(&input[0].dat);
                    req[0] = None;
                }
                req[1] <- seqno() => {
                    dat[1] = Some(&input[1].dat);
                    req[1] = None;
                }
                it = <-dat[0] => {
                    out[0] = or_exit(it).rat();
                    dat[0] = None;
                }
                it = <-dat[1] => {
                    out[1] = or_exit(it).rat();
                    dat[1] = None;
                }
            }
        }
        out
    }

    /// Two series identical to this one, which may be read at different rates.
    fn split(self) -> [Series<I>; 2] {
        let (out0, first) = series();
        let (out1, second) = series();
        split_into(self, [out0, out1]);
        [first, second]
    }

    pub(crate) fn add(self, v: Series<I>) -> Series<I> {
        generator(move |z| {
            loop {
                z.wait();
                let uv = self.get2(&v);
                match uv.map(Rat::is_end) {
                    [false, false] => z.give(uv[0].add(uv[1])),
                    [true, false] => {
                        z.give(uv[1]);
                        z.copy(&v);
                    }
                    [false, true] => {
                        z.give(uv[0]);
                        z.copy(&self);
                    }
                    [true, true] => z.give(FINIS),
                }
            }
        })
    }

    pub(crate) fn cmul(self, c: Rat) -> Series<I> {
        generator(move |z| {
            loop {
                z.wait();
                let u = self.get();
                if u.is_end() {
                    return z.give(FINIS);
                }
                z.give(c.mul(u));
            }
        })
    }

    pub(crate) fn sub(self, v: Series<I>) -> Series<I> {
        self.add(v.cmul(ONE.neg()))
    }

    fn shift(self, c: Rat) -> Series<I> {
        generator(move |z| {
            z.put(c);
            z.copy(&self);
        })
    }

    /// With U = u + x·UU and V = v + x·VV, UV = u·v + x·(u·VV + v·UU) + x²·UU·VV.
    pub(crate) fn mul(self, v: Series<I>) -> Series<I> {
        generator(move |z| {
            z.wait();
            let [u0, v0] = self.get2(&v);
            if u0.is_end() || v0.is_end() {
                return z.give(FINIS);
            }
            z.give(u0.mul(v0));
            let [uu0, uu1] = self.split();
            let [vv0, vv1] = v.split();
            let w = vv0.cmul(u0).add(uu0.cmul(v0));
            z.wait();
            z.give(w.get());
            z.copy(&w.add(uu1.mul(vv1)));
        })
    }

    pub(crate) fn diff(self) -> Series<I> {
        generator(move |z| {
            z.wait();
            if !self.get().is_end() {
                for i in 1.. {
                    let u = self.get();
                    if u.is_end() {
                        break;
                    }
                    z.give(Rat::int(i).mul(u));
                    z.wait();
                }
            }
            z.give(FINIS);
        })
    }

    /// Integrates, with `c` as the constant of integration.
    pub(crate) fn integ(self, c: Rat) -> Series<I> {
        generator(move |z| {
            z.put(c);
            for i in 1.. {
                z.wait();
                let u = self.get();
                if u.is_end() {
                    return z.give(FINIS);
                }
                z.give(Rat::new(1, i).mul(u));
            }
        })
    }

    /// exp(U) for a U with constant term 0 (it is ignored): Z = exp(U), so that DZ = Z·DU. The
    /// series feeds itself.
    pub(crate) fn exp(self) -> Series<I> {
        let (out0, first) = series();
        let (out1, second) = series();
        split_into(first.mul(self.diff()).integ(ONE), [out0, out1]);
        second
    }

    /// 1/U: with U = u + x·UU and Z = z + x·ZZ, z = 1/u and ZZ = -UU·(z + x·ZZ)/u.
    pub(crate) fn recip(self) -> Series<I> {
        generator(move |z| {
            let (out0, first) = series();
            let (out1, second) = series();
            z.wait();
            let c = self.get().inv();
            z.give(c);
            split_into(self.cmul(c.neg()).mul(first.shift(c)), [out0, out1]);
            z.copy(&second);
        })
    }

    /// U(V), where the leading term of V is zero (it is ignored).
    pub(crate) fn subst(self, v: Series<I>) -> Series<I> {
        generator(move |z| {
            let [vv0, vv1] = v.split();
            z.wait();
            let u = self.get();
            z.give(u);
            if !u.is_end() {
                if vv0.get().is_end() {
                    z.put(FINIS);
                } else {
                    z.copy(&vv0.mul(self.subst(vv1)));
                }
            }
        })
    }

    /// U(c·xⁿ): each coefficient is multiplied by a power of `c0` and followed by n - 1 zeros.
    pub(crate) fn mon_subst(self, c0: Rat, n: usize) -> Series<I> {
        generator(move |z| {
            let mut c = ONE;
            loop {
                z.wait();
                let u = self.get();
                z.give(u.mul(c));
                c = c.mul(c0);
                if u.is_end() {
                    return z.give(FINIS);
                }
                for _ in 1..n {
                    z.put(ZERO);
                }
            }
        })
    }

    #[track_caller]
    pub(crate) fn check(&self, want: &[Rat], name: &str) {
        for (i, want) in want.iter().enumerate() {
            assert_eq!(self.get(), *want, "{name}, term {i}");
        }
    }
}

/// c + c·x + c·x² + …
pub(crate) fn rep<I: Item>(c: Rat) -> Series<I> {
    generator(move |z| {
        loop {
            z.put(c);
        }
    })
}

/// c·xⁿ
pub(crate) fn mon<I: Item>(c: Rat, n: usize) -> Series<I> {
    generator(move |z| {
        if c.num != 0 {
            for _ in 0..n {
                z.put(ZERO);
            }
            z.put(c);
        }
        z.put(FINIS);
    })
}

/// (1 + x)^c
pub(crate) fn binom<I: Item>(mut c: Rat) -> Series<I> {
    generator(move |z| {
        let mut t = ONE;
        for n in 1.. {
            if c.num == 0 {
                break;
            }
            z.put(t);
            t = t.mul(c).mul(Rat::new(1, n));
            c = c.add(ONE.neg());
        }
        z.put(FINIS);
    })
}

fn split_into<I: Item>(input: Series<I>, out: [Out<I>; 2]) {
    let (release, wait) = gort::channel(0);
    go!(serve_split(input, out, wait));
    go!(move || chan!(release <- ()));
}

/// Reads `input` and replicates it onto two outputs.
///
/// A generation is created at the first demand for a term and dies after the term has been sent to
/// both outputs. When several exist, the newest serves requests on one output, which is always
/// renamed to be `out[0]`; the oldest serves the other, `out[1]`. All but the newest hold data that
/// has already been sent to `out[0]`. When it has finally been sent to `out[1]` too, a signal on
/// the wait channel tells the next newer generation to begin serving `out[1]`.
fn serve_split<I: Item>(input: Series<I>, mut out: [Out<I>; 2], wait: Receiver<()>) {
    let mut both = false;
    select! {
        Some(_) = <-out[0].req => {}
        w = <-wait => {
            or_exit(w);
            both = true;
            let mut swap = false;
            select! {
                Some(_) = <-out[0].req => {}
                Some(_) = <-out[1].req => swap = true,
                else => goexit(),
            }
            if swap {
                out.swap(0, 1);
            }
        }
    }
    chan!(input.req <- seqno());
    let dat = input.dat.clone();
    let mine = out.each_ref().map(|o| Out {
        req: o.req.clone(),
        dat: o.dat.clone(),
    });
    let (release, next) = gort::channel(0);
    go!(serve_split(input, out, next));
    let rat = or_exit(chan!(<-dat)).rat();
    // An output whose reader is gone takes nothing more; the other one goes on.
    let _ = mine[0].dat.send(I::of(rat));
    if !both {
        or_exit(chan!(<-wait));
    }
    if chan!(<-mine[1].req).is_some() {
        let _ = mine[1].dat.send(I::of(rat));
    }
    chan!(release <- ());
}

/// What both programs check.
pub(crate) fn test<I: Item>() {
    const N: usize = 10;
    let ones = rep::<I>(ONE);
    let twos = rep::<I>(Rat::int(2));
    let terms = |f: fn(i64) -> Rat| (0..N as i64).map(f).collect::<Vec<_>>();
    let count = terms(|i| Rat::int(i + 1));

    ones.check(&[ONE; 5], "Ones");
    ones.clone()
        .add(ones.clone())
        .check(&[Rat::int(2); N], "Add Ones Ones");
    ones.clone()
        .add(twos.clone())
        .check(&[Rat::int(3); N], "Add Ones Twos");
    ones.clone().diff().check(&count, "Diff");
    let integral = terms(|i| if i == 0 { ZERO } else { Rat::new(1, i) });
    ones.clone().integ(ZERO).check(&integral, "Integ");
    twos.clone().cmul(ONE.neg()).check(&[Rat::int(-2); N], "CMul");
    ones.clone().sub(twos).check(&[Rat::int(-1); N], "Sub Ones Twos");
    ones.clone().mul(ones.clone()).check(&count, "Mul");
    let exp = [
        (1, 1),
        (1, 1),
        (3, 2),
        (13, 6),
        (73, 24),
        (167, 40),
        (4051, 720),
        (37633, 5040),
        (43817, 4480),
        (4596553, 362880),
    ];
    ones.clone().exp().check(&exp.map(|(u, v)| Rat::new(u, v)), "Exp");
    let atan = terms(|i| match i % 4 {
        1 => Rat::new(1, i),
        3 => Rat::new(-1, i),
        _ => ZERO,
    });
    ones.clone()
        .mon_subst(ONE.neg(), 2)
        .integ(ZERO)
        .check(&atan, "ATan");
}

/// What the package has and the programs leave unchecked.
pub(crate) fn test_rest<I: Item>() {
    let ones = rep::<I>(ONE);
    mon::<I>(Rat::int(7), 2).check(&[ZERO, ZERO, Rat::int(7), FINIS], "Mon");
    // Go's Binom ends before its last term: its loop stops when the exponent has come down to zero.
    let three = [Rat::int(1), Rat::int(3), Rat::int(3), FINIS];
    binom::<I>(Rat::int(3)).check(&three, "Binom");
    // 1/(1 - x), which is all ones, is the reciprocal of 1 - x.
    let one_minus_x = mon::<I>(ONE, 0).sub(mon(ONE, 1));
    one_minus_x.recip().check(&[ONE; 6], "Recip");
    // 1/(1 - x) at x/(1 - x) without its constant: 1 + x + 2x² + 4x³ + …
    let x_over = ones.clone().shift(ZERO);
    ones.subst(x_over)
        .check(&[1, 1, 2, 4, 8, 16].map(Rat::int), "Subst");
}
