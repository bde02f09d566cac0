using Google.Protobuf.Reflection;
using Grpc.Core;
using Grpc.Reflection.V1;
using Question = Grpc.Reflection.V1.ServerReflectionRequest.MessageRequestOneofCase;

namespace Mesh.Common.Reflection;

/// <summary>grpc.reflection.v1 over <see cref="ReflectionIndex"/>.</summary>
internal sealed class ReflectionService(ReflectionIndex index) : ServerReflection.ServerReflectionBase
{
    public override async Task ServerReflectionInfo(
        IAsyncStreamReader<ServerReflectionRequest> requestStream, IServerStreamWriter<ServerReflectionResponse> responseStream,
        ServerCallContext context)
    {
        await foreach (var request in requestStream.ReadAllAsync(context.CancellationToken))
            await responseStream.WriteAsync(Answer(index, request), context.CancellationToken);
    }

    internal static ServerReflectionResponse Answer(ReflectionIndex index, ServerReflectionRequest request)
    {
        var response = new ServerReflectionResponse { ValidHost = request.Host, OriginalRequest = request };
        switch (request.MessageRequestCase)
        {
            case Question.ListServices:
                response.ListServicesResponse = new() { Service = { index.Services.Select(name => new ServiceResponse { Name = name }) } };
                break;
            case Question.FileByFilename:
                SetFile(response, index.File(request.FileByFilename), request.FileByFilename);
                break;
            case Question.FileContainingSymbol:
                SetFile(response, index.FileOfSymbol(request.FileContainingSymbol), request.FileContainingSymbol);
                break;
            case Question.FileContainingExtension:
                var extension = request.FileContainingExtension;
                SetFile(response, index.FileOfExtension(extension.ContainingType, extension.ExtensionNumber),
                    $"extension {extension.ExtensionNumber} of {extension.ContainingType}");
                break;
            case Question.AllExtensionNumbersOfType:
                SetExtensions(response, index, request.AllExtensionNumbersOfType);
                break;
            default:
                SetError(response, StatusCode.InvalidArgument, "The question is empty.");
                break;
        }
        return response;
    }

    private static void SetFile(ServerReflectionResponse response, FileDescriptor? file, string what)
    {
        if (file is null) SetError(response, StatusCode.NotFound, $"There is no {what} here.");
        else response.FileDescriptorResponse = new() { FileDescriptorProto = { ReflectionIndex.WithImports(file) } };
    }

    private static void SetExtensions(ServerReflectionResponse response, ReflectionIndex index, string message)
    {
        if (index.Extensions(message) is not { } numbers) SetError(response, StatusCode.NotFound, $"There is no {message} here.");
        else response.AllExtensionNumbersResponse = new() { BaseTypeName = message, ExtensionNumber = { numbers } };
    }

    private static void SetError(ServerReflectionResponse response, StatusCode code, string message) =>
        response.ErrorResponse = new() { ErrorCode = (int)code, ErrorMessage = message };
}
