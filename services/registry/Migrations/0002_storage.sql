-- The blob storage whose bytes this database records. Bytes without a record are removed only from that one: a registry that
-- is started on the wrong database or the wrong folder removes nothing.
create table storage (
    id uuid primary key,
    singleton boolean not null default true unique check (singleton)
);
