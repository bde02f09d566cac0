import type { DescService } from "@bufbuild/protobuf";
import { Client, credentials } from "@grpc/grpc-js";
import { serviceClient } from "./calls.js";
import type { CallDefaults, ServiceClient } from "./calls.js";
import { services } from "./services.js";
import { serviceConfig } from "./retries.js";

/** Where Mesh is and who calls it. */
export interface MeshClientOptions {
  /** The API's address, for instance `http://127.0.0.1:8090`: gRPC over HTTP/2 without TLS, or `https://…`. */
  readonly address: string;
  /** The bearer token; empty for calls that need none. */
  readonly token?: string;
  /** How long a call without a time of its own may take, in milliseconds; 30 s by default. Streams have none. */
  readonly timeoutMs?: number;
}

type Services = { readonly [K in keyof typeof services]: ServiceClient<(typeof services)[K]> };

/** All of Mesh's API over one connection. Errors are `MeshError`. Calls that only read are repeated while a service is away. */
export class MeshClient {
  readonly #client: Client;
  readonly #defaults: CallDefaults;
  /** The services by short name: `client.api.apps.getApp({ name })`. */
  readonly api: Services;

  constructor(options: MeshClientOptions) {
    const address = new URL(options.address);
    if (address.protocol !== "http:" && address.protocol !== "https:") throw new TypeError("The address must begin with http:// or https://.");
    const port = address.port || (address.protocol === "https:" ? "443" : "80");
    this.#defaults = {
      headers: options.token ? { authorization: `Bearer ${options.token}` } : {},
      timeoutMs: options.timeoutMs ?? 30_000,
    };
    this.#client = new Client(`${address.hostname}:${port}`, address.protocol === "https:" ? credentials.createSsl() : credentials.createInsecure(), {
      "grpc.service_config": serviceConfig(Object.values(services)),
      "grpc.max_receive_message_length": 64 << 20,
      "grpc.keepalive_time_ms": 30_000,
      "grpc.keepalive_timeout_ms": 10_000,
    });
    this.api = Object.fromEntries(Object.entries(services).map(([name, service]) => [name, this.service(service)])) as unknown as Services;
  }

  /** Any generated service, also one that `api` does not name. */
  service<S extends DescService>(service: S): ServiceClient<S> {
    return serviceClient(this.#client, service, this.#defaults);
  }

  /** Closes the connection. Running calls end with UNAVAILABLE or CANCELLED. */
  close(): void {
    this.#client.close();
  }
}
