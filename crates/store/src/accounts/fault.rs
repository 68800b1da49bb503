//! Why accounts are not changed as asked.

use thiserror::Error;

use super::{ADMINISTRATOR, AccountName, Day, MAX_ACCOUNTS, MAX_PER_ACCOUNT, MAX_TEXT, TokenId};

/// A change of accounts that cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AccountFault {
    /// There is no such account.
    #[error("there is no account {name:?}; `tuban user list` shows those that there are", name = name.as_str())]
    Unknown {
        /// The name asked for.
        name: AccountName,
    },
    /// There is one already.
    #[error(
        "account {name:?} exists already; names stay taken, because the change log means their bearers",
        name = name.as_str()
    )]
    Taken {
        /// The name asked for.
        name: AccountName,
    },
    /// There is no such token.
    #[error("there is no token {token}; `tuban user list` shows those that there are")]
    UnknownToken {
        /// The number asked for.
        token: TokenId,
    },
    /// A new token is one that there is.
    #[error("a token with this hash exists already; make another")]
    SameToken,
    /// The account is given no such area.
    #[error("account {name:?} is not given area {area:?}", name = name.as_str())]
    UnknownScope {
        /// The account.
        name: AccountName,
        /// The code asked for.
        area: String,
    },
    /// A scope would end before it begins.
    #[error("a scope cannot end on {to}, before it begins on {from}")]
    EndsBefore {
        /// First day.
        from: Day,
        /// Last day.
        to: Day,
    },
    /// An account would hold two roles that are kept apart, one after the other.
    #[error(
        "account {name:?} is {held} and cannot become {wanted}: system administrator, security \
         administrator and auditor are three people, and each of their accounts stays what it is; \
         disable it and make another for somebody else",
        name = name.as_str()
    )]
    Separate {
        /// The account.
        name: AccountName,
        /// Its role.
        held: String,
        /// The role asked for.
        wanted: String,
    },
    /// The three administrators are there.
    #[error(
        "there are separate administrators (system_administrator, security_administrator, auditor): \
         nobody becomes {ADMINISTRATOR} beside them"
    )]
    ThreeThere,
    /// A token would never be taken.
    #[error("a token cannot expire before it is made")]
    Expired,
    /// A text is not usable.
    #[error(
        "{what} {text:?} is not usable: 1 to {MAX_TEXT} characters without line breaks are expected"
    )]
    Text {
        /// Which.
        what: &'static str,
        /// The refused text, cut.
        text: String,
    },
    /// There would be too many.
    #[error(
        "there are as many {what} as there may be (accounts: {MAX_ACCOUNTS}; scopes and valid tokens \
         of one account: {MAX_PER_ACCOUNT} each)"
    )]
    TooMany {
        /// Of what.
        what: &'static str,
    },
}
