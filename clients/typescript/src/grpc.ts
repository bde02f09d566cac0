// From a generated service to what grpc-js calls and serves it by.
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import type { DescMessage, DescMethod, DescService, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import type { MethodDefinition, ServiceDefinition } from "@grpc/grpc-js";

type Init = MessageInitShape<DescMessage>;
type Shape = MessageShape<DescMessage>;

/** The codecs and the path of one method. Requests and answers may be plain objects; what is decoded is a message. */
export function methodDefinition(method: DescMethod): MethodDefinition<Init, Shape> {
  return {
    path: `/${method.parent.typeName}/${method.name}`,
    requestStream: method.methodKind === "client_streaming" || method.methodKind === "bidi_streaming",
    responseStream: method.methodKind === "server_streaming" || method.methodKind === "bidi_streaming",
    requestSerialize: (value) => encode(method.input, value),
    requestDeserialize: (bytes) => fromBinary(method.input, bytes),
    responseSerialize: (value) => encode(method.output, value),
    responseDeserialize: (bytes) => fromBinary(method.output, bytes),
  };
}

/** A whole service, for `makeGenericClientConstructor` or `Server.addService` of grpc-js. */
export function serviceDefinition(service: DescService): ServiceDefinition {
  return Object.fromEntries(service.methods.map((method) => [method.localName, methodDefinition(method)]));
}

function encode(schema: DescMessage, value: Init): Buffer {
  return Buffer.from(toBinary(schema, create(schema, value)));
}
