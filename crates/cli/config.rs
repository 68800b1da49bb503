//! The one configuration file, `tuban.toml`. Every key is optional; unknown keys are refused.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use ledger::point::Role;
use ledger::whistle::WhistleRules;
use ledger::worklist::RecordRules;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use spatial::Crs;
use thiserror::Error;
use tile::GridDefinition;

use crate::accounts_config::AccountsConfig;
use crate::archives::ArchiveConfig;
use crate::audit_heads::AuditConfig;
use crate::evidence_config::EvidenceConfig;
use crate::export_config::ExportsConfig;
use crate::ledger_config::LedgerConfig;
use crate::patrol_config::PatrolConfig;
use crate::role_config::unknown_role;
use crate::whistle_config::WhistlesConfig;
use crate::worklist_config::WorklistConfig;

/// Name of the file that is read from the current folder when none is named.
pub const FILE_NAME: &str = "tuban.toml";

/// Everything the operator may set, with its defaults.
#[derive(Clone, Debug, Deserialize, Serialize, Default)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Archives of tiles that are served beside the store.
    pub archives: Vec<ArchiveConfig>,
    /// Where and how the server answers.
    pub server: ServerConfig,
    /// What accounts may do.
    pub accounts: AccountsConfig,
    /// How much of the cadastre an account may take by HTTP.
    pub exports: ExportsConfig,
    /// What the city sets for its points.
    pub ledger: LedgerConfig,
    /// What is asked of photos and documents.
    pub evidence: EvidenceConfig,
    /// How near positions of patrols must be to what they cover, and their checklists.
    pub patrols: PatrolConfig,
    /// Who calls departments, which there are, and who closes a call.
    pub whistles: WhistlesConfig,
    /// How long work on records may take.
    pub worklist: WorklistConfig,
    /// What a tile may hold and cost.
    pub tiles: TilesConfig,
    /// Streams of what changes.
    pub changes: ChangesConfig,
    /// Areas that are watched.
    pub fences: FencesConfig,
    /// Where events of fences may be posted.
    pub webhooks: WebhooksConfig,
    /// What an import accepts.
    pub import: ImportConfig,
    /// Past states.
    pub history: HistoryConfig,
    /// The audit log.
    pub audit: AuditConfig,
    /// Grids that tiles are cut on, beside those built in: a table `[[grids]]` each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub grids: Vec<GridConfig>,
    /// Local grids by name, as PROJ definitions. They stand here and go nowhere else.
    #[serde(deserialize_with = "definitions")]
    pub sites: BTreeMap<String, String>,
}

/// Reads `[sites]`. An error of its own, because the usual one repeats the value.
fn definitions<'de, D: Deserializer<'de>>(from: D) -> Result<BTreeMap<String, String>, D::Error> {
    let texts = BTreeMap::<String, toml::Value>::deserialize(from)?.into_iter();
    texts
        .map(|(name, definition)| match definition {
            toml::Value::String(text) => Ok((name, text)),
            _ => Err(D::Error::custom(format!(
                "site {name:?}: a PROJ string or well-known text in quotes is expected"
            ))),
        })
        .collect()
}

/// Where and how the server answers.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServerConfig {
    /// Address and port to listen on.
    pub listen: SocketAddr,
    /// Everyone who reaches the server reads, without a token; without accounts needed for an
    /// address other than loopback.
    pub public: bool,
    /// Who may edit over HTTP.
    pub edits: Editors,
    /// URL that clients reach the server by, for absolute links; empty: from the request.
    pub public_url: String,
    /// Proxies whose `Forwarded` and `X-Forwarded-*` headers are believed.
    pub trusted_proxies: Vec<IpAddr>,
    /// Longest time for one request, in seconds; a query works four fifths of it at most.
    pub request_timeout_seconds: u64,
    /// Largest request body, in bytes.
    pub max_body_bytes: usize,
    /// Largest body of a batch of geometries and of an edit, in bytes.
    pub max_batch_bytes: usize,
    /// Most changes of one transaction.
    pub max_transaction_changes: usize,
    /// Whether a change of a feature must say which state of it is expected, by If-Match or
    /// If-Unmodified-Since (in a transaction ifRevision).
    pub require_if_match: bool,
    /// Origins, beside the server's own, whose pages may change something, such as
    /// `https://map.example`.
    pub edit_origins: Vec<String>,
    /// Longest URL, in bytes.
    pub max_url_bytes: usize,
    /// How often to look whether another program, such as QGIS, wrote to the store, in
    /// milliseconds; 0: only at the start and before each write.
    pub foreign_poll_ms: u64,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            public: false,
            edits: Editors::Loopback,
            public_url: String::new(),
            trusted_proxies: Vec::new(),
            request_timeout_seconds: 5,
            max_body_bytes: 1 << 20,
            max_batch_bytes: 16 << 20,
            max_transaction_changes: 10_000,
            require_if_match: false,
            edit_origins: Vec::new(),
            max_url_bytes: 8192,
            foreign_poll_ms: 500,
        }
    }
}

/// Who may edit over HTTP, as long as there are no accounts; with accounts a token decides, but for
/// `nobody`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Editors {
    /// Whoever reaches a server that listens on loopback; one that listens elsewhere, or is public
    /// by way of a proxy, is read only.
    Loopback,
    /// Everyone who reaches the server, wherever it listens.
    Everyone,
    /// Nobody.
    Nobody,
}

impl Editors {
    /// Whether a server that listens on `address`, `public` or not, offers edits.
    pub fn may_edit_at(self, address: SocketAddr, public: bool) -> bool {
        match self {
            Self::Loopback => address.ip().is_loopback() && !public,
            Self::Everyone => true,
            Self::Nobody => false,
        }
    }
}

/// What a tile may hold and cost.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct TilesConfig {
    /// Most bytes of a tile, compressed.
    pub max_bytes: usize,
    /// Most features of a tile.
    pub max_features: usize,
    /// Memory for rendered tiles, in MiB.
    pub cache_mib: u64,
    /// Seconds a client may use a tile without asking again.
    pub max_age_seconds: u32,
    /// Memory for the places of features on grids other than Web Mercator's, in MiB.
    pub grid_mib: u64,
    /// Threads that render; 0: one a core.
    pub threads: usize,
}

impl Default for TilesConfig {
    fn default() -> Self {
        Self {
            max_bytes: 500_000,
            max_features: 50_000,
            cache_mib: 512,
            max_age_seconds: 0,
            grid_mib: 256,
            threads: 0,
        }
    }
}

/// Streams of what changes.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct ChangesConfig {
    /// Most readers of streams at a time.
    pub max_readers: usize,
    /// Seconds after which a reader hears something although nothing happens.
    pub heartbeat_seconds: NonZeroU32,
}

impl Default for ChangesConfig {
    fn default() -> Self {
        Self { max_readers: 1_000, heartbeat_seconds: NonZeroU32::MIN.saturating_add(14) }
    }
}

/// Areas that are watched.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct FencesConfig {
    /// Most fences.
    pub max_fences: usize,
    /// Most events that are kept.
    pub max_events: u64,
    /// Days for which events are kept.
    pub max_days: u32,
}

impl Default for FencesConfig {
    fn default() -> Self {
        Self { max_fences: 10_000, max_events: 1_000_000, max_days: 90 }
    }
}

/// Where events of fences may be posted.
#[derive(Clone, Debug, Deserialize, Serialize, Default)]
#[serde(default, deny_unknown_fields)]
pub struct WebhooksConfig {
    /// Hosts, as `host` (port 443) or `host:port`; none: webhooks are refused.
    pub hosts: Vec<String>,
    /// For tests of this program: post to loopback addresses too, there even without TLS. Not
    /// printed.
    #[serde(skip_serializing)]
    pub insecure_loopback: bool,
}

/// What an import accepts.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct ImportConfig {
    /// Largest total of a zip archive's files, in MiB.
    pub max_unzipped_mib: u64,
}

impl Default for ImportConfig {
    fn default() -> Self {
        Self { max_unzipped_mib: 4096 }
    }
}

/// A grid that tiles are cut on.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct GridConfig {
    /// Name in URLs.
    pub id: String,
    /// What a reader sees; the name when empty.
    #[serde(default)]
    pub title: String,
    /// The coordinate system, such as `EPSG:4547` or `site:NAME`.
    #[serde(deserialize_with = "crs", serialize_with = "crs_name")]
    pub crs: Crs,
    /// East and north of the north-western corner, in units of the system; may be left out for a
    /// Gauss-Krüger zone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<[f64; 2]>,
    /// Width of the square, in units of the system; may be left out for a Gauss-Krüger zone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extent: Option<f64>,
    /// Number of zooms.
    #[serde(default = "default_zooms")]
    pub zooms: u8,
}

fn default_zooms() -> u8 {
    tile::DEFAULT_ZOOMS
}

fn crs<'de, D: Deserializer<'de>>(from: D) -> Result<Crs, D::Error> {
    String::deserialize(from)?.parse().map_err(D::Error::custom)
}

fn crs_name<S: Serializer>(crs: &Crs, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(crs)
}

impl GridConfig {
    /// As the engine takes it.
    pub fn definition(&self) -> GridDefinition {
        let Self { id, title, crs, origin, extent, zooms } = self.clone();
        GridDefinition { id, title, crs, origin, extent, zooms }
    }
}

/// Past states.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct HistoryConfig {
    /// How long past states are kept: `all`, or a number of days as in `365 days`. The change log
    /// is kept whatever is said here.
    pub keep: Keep,
    /// File of the key under which past values of classes L3 and L4 are sealed; empty: beside the
    /// store, under its name and `.key`.
    pub key_file: PathBuf,
}

/// How long past states are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub enum Keep {
    /// For ever.
    #[default]
    All,
    /// So many days after they ended, one at least.
    Days(u32),
}

impl TryFrom<String> for Keep {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let days = text.strip_suffix(" days").or(text.strip_suffix(" day"));
        match (text.as_str(), days.and_then(|days| days.parse().ok())) {
            ("all", _) => Ok(Self::All),
            (_, Some(days)) if days > 0 => Ok(Self::Days(days)),
            _ => Err(format!("{text:?} is neither \"all\" nor days as in \"365 days\"")),
        }
    }
}

impl From<Keep> for String {
    fn from(keep: Keep) -> Self {
        match keep {
            Keep::All => "all".to_owned(),
            Keep::Days(days) => format!("{days} days"),
        }
    }
}

/// A configuration file that cannot be used.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// It cannot be read.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// It is no TOML, or has a key or value that is not known. The text of the file is not
    /// repeated: it may define a local grid.
    #[error("{path}, line {line}: {reason}; `tuban config` prints every key")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Where, from 1.
        line: usize,
        /// What is wrong.
        reason: String,
    },
}

impl Config {
    /// Reads `path`; without one, `tuban.toml` of the current folder if there is one, else the
    /// defaults.
    pub fn read(path: Option<&Path>) -> Result<Self, ConfigError> {
        let chosen = path.unwrap_or(Path::new(FILE_NAME));
        match std::fs::read_to_string(chosen) {
            Ok(text) => Self::parse(&text, chosen),
            Err(error) if path.is_none() && error.kind() == std::io::ErrorKind::NotFound => {
                Ok(Self::default())
            }
            Err(source) => Err(ConfigError::Io { path: chosen.to_path_buf(), source }),
        }
    }

    fn parse(text: &str, path: &Path) -> Result<Self, ConfigError> {
        let line = |at: usize| text[..at.min(text.len())].matches('\n').count() + 1;
        let malformed =
            |line, reason| ConfigError::Malformed { path: path.to_path_buf(), line, reason };
        let config: Self = toml::from_str(text).map_err(|error| {
            malformed(error.span().map_or(1, |span| line(span.start)), error.message().to_owned())
        })?;
        let (roles, profiles) = (&config.ledger.roles, config.accounts.profiles.keys());
        match unknown_role(roles, config.named_roles(), profiles) {
            None => Ok(config),
            Some((section, role)) => {
                let known = config.ledger.roles.words();
                let reason = format!("[{section}] names {role}, which is no role; use {known}");
                Err(malformed(text.find(&role).map_or(1, line), reason))
            }
        }
    }

    /// The roles that lists name, each with its section.
    fn named_roles(&self) -> impl Iterator<Item = (&'static str, &Role)> {
        let calls = [&self.whistles.callers, &self.whistles.arrivers, &self.whistles.closers];
        let raisers = self.ledger.raisers.values().flatten();
        let edits = self.accounts.edits.values().flatten();
        raisers
            .map(|role| ("ledger.raisers", role))
            .chain(self.accounts.editors.iter().map(|role| ("accounts.editors", role)))
            .chain(edits.map(|role| ("accounts.edits", role)))
            .chain(self.accounts.sees.keys().map(|role| ("accounts.sees", role)))
            .chain(calls.into_iter().flatten().map(|role| ("whistles", role)))
    }

    /// How departments are called.
    pub fn whistle_rules(&self) -> WhistleRules {
        self.whistles.rules(&self.ledger.roles)
    }

    /// How long work on records may take, and who does it.
    pub fn worklist_rules(&self) -> RecordRules {
        self.worklist.rules(&self.ledger.roles, &self.whistle_rules())
    }

    /// The configuration as TOML. Definitions of local grids are left out, their names stay.
    pub fn to_toml(&self) -> String {
        let mut shown = self.clone();
        for definition in shown.sites.values_mut() {
            *definition = "(not shown)".to_owned();
        }
        toml::to_string_pretty(&shown).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

    use std::collections::BTreeSet;

    use ledger::point::Role;

    use super::*;

    #[test]
    fn the_defaults_have_few_keys_and_read_back() {
        let text = Config::default().to_toml();
        // Who sees, raises and calls what are tables of the city, not settings.
        let of_city = [
            "accounts.sees]",
            "accounts.edits]",
            "accounts.profiles]",
            "ledger.raisers]",
            "[ledger.roles]]",
            "whistles]",
            "worklist.hours]",
        ];
        let sections =
            text.split("\n[").filter(|one| !of_city.iter().any(|name| one.starts_with(name)));
        let keys = sections.flat_map(str::lines).filter(|line| line.contains('=')).count();
        assert!(keys <= 57, "{keys} keys:\n{text}");
        assert_eq!(Config::parse(&text, Path::new("t")).unwrap().to_toml(), text);
    }

    #[test]
    fn a_server_that_others_reach_is_read_only_unless_it_is_said() {
        let at = |address: &str, public: bool| {
            let address = address.parse().unwrap();
            [Editors::Loopback, Editors::Everyone, Editors::Nobody]
                .map(|editors| editors.may_edit_at(address, public))
        };
        for loopback in ["127.0.0.1:80", "[::1]:80"] {
            assert_eq!(at(loopback, false), [true, true, false]);
            assert_eq!(at(loopback, true), [false, true, false], "by way of a proxy");
        }
        assert_eq!(at("0.0.0.0:80", true), [false, true, false]);
        assert_eq!(at("192.168.1.5:80", false), [false, true, false]);
    }

    #[test]
    fn mistakes_are_named_with_their_line() {
        let cases = [
            ("[server]\nlisten = \"nowhere\"\n", 2, "socket address"),
            ("\n[tiles]\nmax_byte = 1\n", 3, "unknown field `max_byte`"),
            ("[server\n", 1, ""),
            ("[history]\nkeep = \"0 days\"\n", 2, "365 days"),
            ("[sites]\na = 98765.4\n", 1, "site \"a\""),
            ("[[grids]]\nid = \"g\"\ncrs = \"nowhere\"\n", 3, "names no coordinate system"),
            ("[[grids]]\nid = \"g\"\n", 1, "missing field `crs`"),
            ("[sites]\n\na = [\"98765.4\"]\n", 1, "in quotes"),
            (
                "[accounts]\neditors = [\"town\", \"boss\"]\n",
                2,
                "[accounts.editors] names boss, which is no role",
            ),
            (
                "[accounts.edits]\npatrols = [\"district\", \"boss\"]\n",
                2,
                "[accounts.edits] names boss, which is no role",
            ),
            ("[accounts.edits]\n\"a b\" = []\n", 1, "\"a b\" is no id of a collection"),
            ("[accounts]\neditors = [\"reader\"]\n", 2, "use grid_worker, town,"),
            ("[accounts]\nprofiles = { boss = \"enforce\" }\n", 2, "names boss, which is no role"),
            ("[whistles]\ncallers = [\"Town\"]\n", 2, "\"Town\" is no word of a role"),
            ("[[ledger.roles]]\nrole = \"reader\"\nname = \"甲\"\n", 1, "no word of a role"),
            (
                "[[ledger.roles]]\nrole = \"a\"\nname = \"甲\"\nlike = \"b\"\n",
                1,
                "role a cannot be like \"b\"; use one of grid_worker, town,",
            ),
            ("[ledger]\n\nlate_hours = 9999\n", 3, "8784 is the most"),
            ("[ledger]\nyellow_days = -1\n", 2, "expected u64"),
            ("[ledger.raisers]\nclose = [\"city\"]\n", 2, "\"close\" is no kind of event"),
            (
                "[ledger.raisers]\nvoid = []\nmerge = [\"mayor\"]\n",
                3,
                "[ledger.raisers] names mayor, which is no role",
            ),
            ("[ledger.raisers]\nvoid = \"city\"\n", 2, "expected a sequence"),
            ("[whistles]\ndepartments = [\"urban\", \" \"]\n", 2, "no name of a department"),
            ("[worklist]\nhours = { verify = 3 }\n", 2, "no work on records; use arrive,"),
            ("[worklist]\nhours = { read = 8785 }\n", 2, "read: 8785 is too much"),
        ];
        for (text, expected_line, expected) in cases {
            let error = Config::parse(text, Path::new("t.toml")).unwrap_err();
            let ConfigError::Malformed { line, reason, .. } = &error else {
                unreachable!("{error}")
            };
            assert_eq!(*line, expected_line, "{error}");
            assert!(reason.contains(expected), "{error}");
            assert!(!reason.contains("98765"), "{error}");
        }
    }

    #[test]
    fn hours_of_work_are_laid_over_the_defaults_and_written_as_they_count() {
        use ledger::worklist::{RecordRules, Work};
        let rules = Config::worklist_rules;
        assert_eq!(rules(&Config::default()), RecordRules::default());
        let text = "[worklist]\nhours = { respond = 8, arrive = 0, finish = 72 }\n";
        let config = Config::parse(text, Path::new("t")).unwrap();
        let expected =
            [(Work::Read, 24), (Work::Finish, 72), (Work::Respond, 8), (Work::Resolve, 360)];
        assert_eq!(rules(&config).hours, expected.into());
        let again = Config::parse(&config.to_toml(), Path::new("t")).unwrap();
        assert_eq!(rules(&again), rules(&config));
    }

    #[test]
    fn who_raises_what_is_laid_over_the_defaults() {
        use ledger::Rules;
        use ledger::point::EventKind;
        assert_eq!(Config::default().ledger.rules(), Rules::default());
        let text = "[ledger]\nlate_hours = 24\n[ledger.raisers]\nvoid = [\"city\", \"town\"]\nreport = []\n";
        let config = Config::parse(text, Path::new("t")).unwrap();
        let mut expected = Rules { late_hours: 24, ..Rules::default() };
        expected.raisers.insert(EventKind::Void, [Role::TOWN, Role::CITY].into());
        expected.raisers.insert(EventKind::Report, BTreeSet::new());
        assert_eq!(config.ledger.rules(), expected);
        let again = Config::parse(&config.to_toml(), Path::new("t")).unwrap();
        assert_eq!(again.ledger.rules(), expected);
    }

    #[test]
    fn a_grid_needs_a_name_and_a_system() {
        let text = "[[grids]]\nid = \"zone38\"\ncrs = \"4526\"\n\n[[grids]]\nid = \"town\"\n\
                    title = \"Town\"\ncrs = \"site:town\"\norigin = [90000, 4.6e6]\nextent = 65536\n\
                    zooms = 12\n";
        let config = Config::parse(text, Path::new("t")).unwrap();
        let [zone, town] = config.grids.as_slice() else { unreachable!("{config:?}") };
        assert_eq!((&zone.crs, zone.zooms, zone.origin), (&Crs::Epsg(4526), 21, None));
        assert_eq!((town.origin, town.extent), (Some([90_000.0, 4.6e6]), Some(65_536.0)));
        let again = Config::parse(&config.to_toml(), Path::new("t")).unwrap();
        assert_eq!(again.to_toml(), config.to_toml());
        assert_eq!(again.grids[1].definition(), town.definition());
    }

    #[test]
    fn a_local_grid_is_never_printed() {
        let config =
            Config::parse("[sites]\nlocal = \"+proj=tmerc +x_0=12345\"\n", Path::new("t")).unwrap();
        assert!(!config.to_toml().contains("12345"));
        assert!(config.to_toml().contains("local"));
    }
}
