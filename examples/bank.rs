//! A bank account behind a monitor goroutine ("The Go Programming Language", 9.1, and its exercise 9.1).
//!
//! The Go idiom: the balance is a local variable of one goroutine, so nothing needs a lock. Even reading it is a channel
//! operation: the monitor offers the balance in a `select` arm that sends.

use gort::prelude::*;
use gort::sync::WaitGroup;

#[derive(Clone)]
struct Account {
    deposits: Sender<u64>,
    withdrawals: Sender<Withdrawal>,
    balances: Receiver<u64>,
}

struct Withdrawal {
    amount: u64,
    ok: Sender<bool>,
}

impl Account {
    fn open() -> Account {
        let (deposits, deposited) = gort::channel(0);
        let (withdrawals, wanted) = gort::channel(0);
        let (offered, balances) = gort::channel(0);
        go!(monitor(deposited, wanted, offered));
        Account {
            deposits,
            withdrawals,
            balances,
        }
    }

    fn deposit(&self, amount: u64) {
        chan!(self.deposits <- amount);
    }

    fn balance(&self) -> u64 {
        chan!(<-self.balances).expect("the monitor lives as long as the account")
    }

    fn withdraw(&self, amount: u64) -> bool {
        let (ok, answer) = gort::channel(0);
        chan!(self.withdrawals <- Withdrawal { amount, ok });
        chan!(<-answer).expect("the monitor answers")
    }
}

fn monitor(deposits: Receiver<u64>, withdrawals: Receiver<Withdrawal>, balances: Sender<u64>) {
    let mut balance = 0;
    loop {
        select! {
            Some(amount) = <-deposits => balance += amount,
            Some(withdrawal) = <-withdrawals => {
                let Withdrawal { amount, ok } = withdrawal;
                let enough = balance >= amount;
                if enough {
                    balance -= amount;
                }
                chan!(ok <- enough);
            }
            balances <- balance => {}
            else => return, // nobody holds the account any more
        }
    }
}

#[gort::main]
fn main() {
    let account = Account::open();
    let wg = WaitGroup::new();
    for amount in [200, 100] {
        go!(wg => [account] { account.deposit(amount) });
    }
    wg.wait();
    println!("balance: {}", account.balance());
    println!("withdraw 500: {}", account.withdraw(500));
    println!("withdraw 120: {}", account.withdraw(120));
    println!("balance: {}", account.balance());

    let took = chan!(bool);
    for _ in 0..50 {
        go!([account, tx = took.tx()] { chan!(tx <- account.withdraw(10)) });
    }
    let lucky = took.iter().take(50).filter(|&ok| ok).count();
    println!("{lucky} of 50 took their 10, {} are left", account.balance());
}
