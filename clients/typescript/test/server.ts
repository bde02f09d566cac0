// A gRPC server of grpc-js on loopback, for what only a peer can show: errors, breaks and slow answers.
import type { AddressInfo } from "node:net";
import { Server, ServerCredentials } from "@grpc/grpc-js";
import type { UntypedServiceImplementation } from "@grpc/grpc-js";
import type { DescService } from "@bufbuild/protobuf";
import { serviceDefinition } from "../src/index.js";

export async function serve(service: DescService, handlers: UntypedServiceImplementation): Promise<{ address: string; stop: () => void }> {
  const server = new Server();
  server.addService(serviceDefinition(service), handlers);
  const port = await new Promise<AddressInfo["port"]>((resolve, reject) =>
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) => (error ? reject(error) : resolve(bound))));
  return { address: `http://127.0.0.1:${port}`, stop: () => server.forceShutdown() };
}
