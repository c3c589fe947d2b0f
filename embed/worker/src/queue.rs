//! The queue, as SQL. Every statement is a transaction of its own, so none is open while the endpoint is asked.

use std::sync::Mutex;
use std::time::Duration;

use postgres::types::ToSql;
use postgres::{Client, Error, NoTls};
use reviewpro_embed_core::limits::{Limits, Shared, Slot};

/// How long to wait where the database does not say.
const WAIT: Duration = Duration::from_secs(1);

/// A text that was claimed.
#[derive(Clone, Debug)]
pub struct Claimed {
    /// Its row.
    pub id: i64,
    /// The model that it is for.
    pub model: String,
    /// 0: the model's own.
    pub dimensions: i32,
    /// The text.
    pub input: String,
    /// The vector, where it is known.
    pub embedding: Option<Vec<f32>>,
}

/// A session whose search_path is the extension's schema.
pub fn connect(database: &str) -> Result<Client, Error> {
    let mut client = Client::connect(database, NoTls)?;
    client.execute(
        "SELECT set_config('search_path', quote_ident(n.nspname) || ', pg_catalog, pg_temp', false),
                set_config('application_name', 'reviewpro-embed-worker', false)
         FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
         WHERE e.extname = 'reviewpro_embed'",
        &[],
    )?;
    Ok(client)
}

/// The queue of a session.
pub struct Queue {
    client: Client,
}

impl Queue {
    /// The queue that this session sees.
    pub fn new(client: Client) -> Self {
        Queue { client }
    }

    /// Claims up to `n` texts: the lease, and the texts.
    pub fn claim(&mut self, n: i32, lease: Duration) -> Result<Option<(String, Vec<Claimed>)>, Error> {
        let rows = self.client.query(
            "SELECT lease_id::text, id, model, dimensions, input, embedding FROM embed_claim($1, make_interval(secs => $2))",
            &[&n, &lease.as_secs_f64()],
        )?;
        let claimed = rows.iter().map(|row| {
            Ok(Claimed {
                id: row.try_get(1)?,
                model: row.try_get(2)?,
                dimensions: row.try_get(3)?,
                input: row.try_get(4)?,
                embedding: row.try_get(5)?,
            })
        });
        let claimed = claimed.collect::<Result<Vec<_>, Error>>()?;
        match rows.first() {
            Some(row) => Ok(Some((row.try_get(0)?, claimed))),
            None => Ok(None),
        }
    }

    fn count(&mut self, statement: &str, parameters: &[&(dyn ToSql + Sync)]) -> Result<i32, Error> {
        self.client.query_one(statement, parameters)?.try_get(0)
    }

    /// Stores vectors, one after the other; how many the lease still held.
    pub fn complete(
        &mut self,
        lease: &str,
        ids: &[i64],
        vectors: &[f32],
        tokens: i64,
        requests: i32,
    ) -> Result<i32, Error> {
        self.count(
            "SELECT embed_complete($1::text::uuid, $2, $3::real[], $4, $5)",
            &[&lease, &ids, &vectors, &tokens, &requests],
        )
    }

    /// Marks texts as failed, for now or for good.
    pub fn fail(
        &mut self,
        lease: &str,
        ids: &[i64],
        error: &str,
        retry_after: Option<Duration>,
        permanent: bool,
    ) -> Result<i32, Error> {
        let retry_after = retry_after.map(|time| time.as_secs_f64());
        self.count(
            "SELECT embed_fail($1::text::uuid, $2, $3, make_interval(secs => $4), $5)",
            &[&lease, &ids, &error, &retry_after, &permanent],
        )
    }

    /// Gives back what the lease still holds.
    pub fn release(&mut self, lease: &str) -> Result<i32, Error> {
        self.count("SELECT embed_release($1::text::uuid)", &[&lease])
    }

    /// Whether anything is waiting, for whomever.
    pub fn is_waiting(&mut self) -> Result<bool, Error> {
        self.client
            .query_one(
                "SELECT EXISTS (SELECT FROM embed_queue WHERE state = 'waiting')",
                &[],
            )?
            .try_get(0)
    }

    /// The setting `reviewpro_embed.tokens_per_minute` of the database.
    pub fn tokens_per_minute(&mut self) -> Result<i32, Error> {
        self.count("SELECT tokens_per_minute FROM embed_defaults()", &[])
    }
}

/// The limits of the database, which all its sessions share, and the pauses that the endpoint asks this worker for.
pub struct SharedLimits {
    client: Mutex<Client>,
    endpoint: String,
    model: String,
    pause: Slot,
    tokens_per_minute: u64,
}

impl SharedLimits {
    /// Asks by a session of its own, since requests ask while the queue is busy.
    pub fn new(client: Client, endpoint: String, tokens_per_minute: i32) -> Self {
        SharedLimits {
            client: Mutex::new(client),
            endpoint,
            model: String::new(),
            pause: Slot::default(),
            tokens_per_minute: u64::try_from(tokens_per_minute).unwrap_or(0),
        }
    }

    /// Those of another model.
    pub fn for_model(&mut self, model: &str) -> &Self {
        model.clone_into(&mut self.model);
        self
    }

    fn own(&self) -> Shared<'_> {
        Shared {
            slot: &self.pause,
            requests_per_minute: 0,
            tokens_per_minute: 0,
        }
    }

    fn ask(&self, tokens: u64) -> Result<Duration, Error> {
        let tokens = i64::try_from(tokens).unwrap_or(i64::MAX);
        let mut client = self
            .client
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let row = client.query_one(
            "SELECT embed_wait($1, $2, $3)",
            &[&self.endpoint, &self.model, &tokens],
        )?;
        Ok(Duration::try_from_secs_f64(row.try_get(0)?).unwrap_or(WAIT))
    }
}

impl Limits for SharedLimits {
    fn take(&self, tokens: u64, now: Duration) -> Duration {
        let pause = self.own().take(0, now);
        if !pause.is_zero() {
            return pause;
        }
        // Without an answer the lease will end; the queue's own session reports what is wrong.
        self.ask(tokens).unwrap_or(WAIT)
    }

    fn pause_until(&self, time: Duration) {
        self.own().pause_until(time);
    }

    fn most_tokens(&self) -> u64 {
        let shared = Shared {
            tokens_per_minute: self.tokens_per_minute,
            ..self.own()
        };
        shared.most_tokens()
    }
}
