// Which calls are repeated while a service is away: those that only read.
import type { DescService } from "@bufbuild/protobuf";

const verbs = ["get", "list", "watch", "query", "search", "tail", "stat", "plan", "download", "streamBuildLog", "verify"];

/** The gRPC service config of a channel, as JSON. */
export function serviceConfig(services: readonly DescService[]): string {
  const name = services.flatMap((service) =>
    service.methods
      .filter((method) => method.methodKind === "unary" || method.methodKind === "server_streaming")
      .filter((method) => verbs.some((verb) => method.localName.startsWith(verb)))
      .map((method) => ({ service: service.typeName, method: method.name })),
  );
  const retryPolicy = { maxAttempts: 5, initialBackoff: "0.1s", maxBackoff: "2s", backoffMultiplier: 2, retryableStatusCodes: ["UNAVAILABLE"] };
  return JSON.stringify({ methodConfig: [{ name, retryPolicy }] });
}
