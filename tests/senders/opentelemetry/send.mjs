// Sends metrics, logs and spans by OpenTelemetry's own exporters, as an app does that knows nothing of Mesh: the protocol and the
// address come from the arguments, the headers from OTEL_EXPORTER_OTLP_HEADERS. It fails when an exporter fails.
//
//   node send.mjs grpc|http/protobuf|http/json ADDRESS cumulative|delta
import { diag, DiagLogLevel, SpanStatusCode, context, trace } from "@opentelemetry/api";
import { SeverityNumber } from "@opentelemetry/api-logs";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { BatchLogRecordProcessor, LoggerProvider } from "@opentelemetry/sdk-logs";
import { AggregationTemporality, AggregationType, MeterProvider, PeriodicExportingMetricReader } from "@opentelemetry/sdk-metrics";
import { BasicTracerProvider, BatchSpanProcessor } from "@opentelemetry/sdk-trace-base";

const [protocol, address, temporality] = process.argv.slice(2);
const packages = { grpc: "grpc", "http/protobuf": "proto", "http/json": "http" };
const { OTLPMetricExporter } = await import(`@opentelemetry/exporter-metrics-otlp-${packages[protocol]}`);
const { OTLPLogExporter } = await import(`@opentelemetry/exporter-logs-otlp-${packages[protocol]}`);
const { OTLPTraceExporter } = await import(`@opentelemetry/exporter-trace-otlp-${packages[protocol]}`);

// The exporters tell their failures to nobody else.
const fail = (...message) => {
  console.error(...message);
  process.exitCode = 1;
};
diag.setLogger({ error: fail, warn: fail, info() {}, debug() {}, verbose() {} }, DiagLogLevel.WARN);

const url = (signal) => (protocol === "grpc" ? address : new URL(`/v1/${signal}`, address).href);
const resource = resourceFromAttributes({ "service.name": "shop", "service.namespace": "web", "service.instance.id": "one" });

const wanted = temporality === "delta" ? AggregationTemporality.DELTA : AggregationTemporality.CUMULATIVE;
const metricExporter = new OTLPMetricExporter({ url: url("metrics"), temporalityPreference: wanted });
const meters = new MeterProvider({
  resource,
  readers: [new PeriodicExportingMetricReader({ exporter: metricExporter, exportIntervalMillis: 3_600_000 })],
  views: [{ instrumentName: "order.weight", aggregation: { type: AggregationType.EXPONENTIAL_HISTOGRAM } }],
});
const meter = meters.getMeter("sender");
const orders = meter.createCounter("orders", { unit: "{order}" });
const duration = meter.createHistogram("order.duration", { unit: "s", advice: { explicitBucketBoundaries: [0.1, 1] } });
const weight = meter.createHistogram("order.weight", { unit: "g" });
meter.createObservableGauge("queue.length").addCallback((result) => result.observe(-2.5));

// Two exports: what they bring together is 3 + 4 orders.
for (const count of [3, 4]) {
  orders.add(count, { "pay.method": "card" });
  duration.record(0.0625);
  duration.record(0.5 * count);
  weight.record(3);
  weight.record(1000);
  await meters.forceFlush();
}

const loggers = new LoggerProvider({ resource, processors: [new BatchLogRecordProcessor({ exporter: new OTLPLogExporter({ url: url("logs") }) })] });
const tracers = new BasicTracerProvider({ resource, spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter({ url: url("traces") }))] });
const tracer = tracers.getTracer("sender");
const checkout = tracer.startSpan("checkout");
const inside = trace.setSpan(context.active(), checkout);
const pay = tracer.startSpan("pay", { attributes: { "card.kind": "credit", attempts: 2 } }, inside);
pay.setStatus({ code: SpanStatusCode.ERROR, message: "declined" });
loggers.getLogger("sender").emit({
  severityNumber: SeverityNumber.WARN,
  body: "card declined €",
  attributes: { "order.id": 17, parts: ["a", "b"] },
  context: trace.setSpan(context.active(), pay),
});
pay.end();
checkout.end();
await loggers.forceFlush();
await tracers.forceFlush();
await Promise.all([meters.shutdown(), loggers.shutdown(), tracers.shutdown()]);
console.log(JSON.stringify({ trace: pay.spanContext().traceId, span: pay.spanContext().spanId, parent: checkout.spanContext().spanId }));
