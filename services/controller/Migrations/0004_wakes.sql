-- Counts how often a deployment was made due: what the reconciler records must not put off a call that came while it was at work.
alter table deployments add column wakes bigint not null default 0;
