using Google.Protobuf.Reflection;
using Grpc.Core;
using Grpc.Reflection.V1;
using Mesh.Common.Tests.Hosting;
using Microsoft.AspNetCore.Builder;

namespace Mesh.Common.Tests.Reflection;

public sealed class ReflectionTests : IAsyncLifetime
{
    private TestServer _server = null!;

    public async Task InitializeAsync() => _server = await TestServer.StartAsync("test", map: app => app.MapGrpcService<TestApps>());

    public async Task DisposeAsync() => await _server.DisposeAsync();

    [Fact]
    public async Task All_services_are_listed()
    {
        var answer = await AskAsync(new() { ListServices = "*" });
        Assert.Equal(
            ["grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection", "mesh.controller.v1.AppService"],
            answer.ListServicesResponse.Service.Select(s => s.Name));
    }

    [Theory]
    [InlineData("mesh.controller.v1.AppService")]
    [InlineData("mesh.controller.v1.AppService.GetApp")]
    [InlineData("mesh.controller.v1.App")]
    [InlineData("mesh.controller.v1.App.State")]
    [InlineData("mesh.controller.v1.App.name")]
    [InlineData("mesh.auth.v1.access")]
    [InlineData("google.protobuf.Timestamp")]
    public async Task A_symbol_comes_with_its_file_and_all_imports(string symbol)
    {
        var files = (await AskAsync(new() { FileContainingSymbol = symbol })).FileDescriptorResponse.FileDescriptorProto;
        // Building fails on a missing import: the set is whole and in order.
        Assert.NotEmpty(FileDescriptor.BuildFromByteStrings(files));
    }

    [Fact]
    public async Task A_custom_option_can_be_read_by_a_stranger()
    {
        var answer = await AskAsync(new() { AllExtensionNumbersOfType = "google.protobuf.MethodOptions" });
        Assert.Contains(50101, answer.AllExtensionNumbersResponse.ExtensionNumber);
        var request = new ServerReflectionRequest
        {
            FileContainingExtension = new() { ContainingType = "google.protobuf.MethodOptions", ExtensionNumber = 50101 },
        };
        var files = FileDescriptor.BuildFromByteStrings((await AskAsync(request)).FileDescriptorResponse.FileDescriptorProto);
        Assert.Equal("mesh/auth/v1/access.proto", files[^1].Name);
    }

    public static TheoryData<ServerReflectionRequest, StatusCode> Unanswerable => new()
    {
        { new() { FileContainingSymbol = "no.such.Thing" }, StatusCode.NotFound },
        { new() { FileByFilename = "no/such.proto" }, StatusCode.NotFound },
        { new() { AllExtensionNumbersOfType = "no.such.Thing" }, StatusCode.NotFound },
        { new() { FileContainingExtension = new() { ContainingType = "mesh.controller.v1.App", ExtensionNumber = 1 } }, StatusCode.NotFound },
        { new(), StatusCode.InvalidArgument },
    };

    [Theory]
    [MemberData(nameof(Unanswerable))]
    public async Task What_is_not_there_is_an_error_and_the_conversation_goes_on(ServerReflectionRequest request, StatusCode code)
    {
        using var call = new ServerReflection.ServerReflectionClient(_server.Channel).ServerReflectionInfo();
        foreach (var question in new[] { request, new() { FileByFilename = "mesh/controller/v1/app.proto" } })
            await call.RequestStream.WriteAsync(question);
        await call.RequestStream.CompleteAsync();
        Assert.True(await call.ResponseStream.MoveNext(default));
        Assert.Equal((int)code, call.ResponseStream.Current.ErrorResponse.ErrorCode);
        Assert.Equal(request, call.ResponseStream.Current.OriginalRequest);
        Assert.True(await call.ResponseStream.MoveNext(default));
        Assert.NotEmpty(call.ResponseStream.Current.FileDescriptorResponse.FileDescriptorProto);
        Assert.False(await call.ResponseStream.MoveNext(default));
    }

    [Fact]
    public async Task The_older_name_answers_the_same()
    {
        using var call = new Grpc.Reflection.V1Alpha.ServerReflection.ServerReflectionClient(_server.Channel).ServerReflectionInfo();
        await call.RequestStream.WriteAsync(new() { FileContainingSymbol = "mesh.controller.v1.AppService" });
        await call.RequestStream.CompleteAsync();
        Assert.True(await call.ResponseStream.MoveNext(default));
        var expected = await AskAsync(new() { FileContainingSymbol = "mesh.controller.v1.AppService" });
        Assert.Equal(expected.FileDescriptorResponse.FileDescriptorProto, call.ResponseStream.Current.FileDescriptorResponse.FileDescriptorProto);
    }

    private async Task<ServerReflectionResponse> AskAsync(ServerReflectionRequest request)
    {
        using var call = new ServerReflection.ServerReflectionClient(_server.Channel).ServerReflectionInfo();
        await call.RequestStream.WriteAsync(request);
        await call.RequestStream.CompleteAsync();
        Assert.True(await call.ResponseStream.MoveNext(default));
        return call.ResponseStream.Current;
    }
}
