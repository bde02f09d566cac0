-- What is over is forgotten after a time, the oldest first.
create index alerts_resolved on alerts (resolve_time) where state = 3;
create index alert_deliveries_finished on alert_deliveries (finish_time) where state <> 1;
