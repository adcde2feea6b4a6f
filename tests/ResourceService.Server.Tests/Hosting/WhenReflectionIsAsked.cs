using Google.Protobuf;
using Google.Protobuf.Reflection;
using Alpha = Grpc.Reflection.V1Alpha;
using Stable = Grpc.Reflection.V1;

namespace ResourceService.Server.Tests.Hosting;

/// <summary>grpcurl asks by v1 where it can, older ones by v1alpha.</summary>
public sealed class WhenReflectionIsAsked(SharedService service) : ServiceTest(service)
{
    private static readonly string[] _services =
    [
        "grpc.health.v1.Health", "resourceservice.v1.AuditService", "resourceservice.v1.ClaimService", "resourceservice.v1.MigrationService",
        "resourceservice.v1.NodeService", "resourceservice.v1.ResizeService",
    ];

    [Fact]
    public async Task V1_lists_all_services_and_describes_a_message_with_its_comments_home()
    {
        using var call = new Stable.ServerReflection.ServerReflectionClient(Clients.Invoker).ServerReflectionInfo();

        var listed = await AskAsync(call, new Stable.ServerReflectionRequest { ListServices = "*" });
        var described = await AskAsync(call, new Stable.ServerReflectionRequest { FileContainingSymbol = "resourceservice.v1.ClaimInstanceRequest" });

        Assert.Subset(listed.ListServicesResponse.Service.Select(item => item.Name).ToHashSet(), _services.ToHashSet());
        Assert.Contains("resourceservice/v1/claim_service.proto", FileNames(described.FileDescriptorResponse.FileDescriptorProto));
    }

    [Fact]
    public async Task V1alpha_answers_the_same()
    {
        using var call = new Alpha.ServerReflection.ServerReflectionClient(Clients.Invoker).ServerReflectionInfo();

        var listed = await AskAsync(call, new Alpha.ServerReflectionRequest { ListServices = "*" });
        var described = await AskAsync(call, new Alpha.ServerReflectionRequest { FileContainingSymbol = "resourceservice.v1.NodeService" });

        Assert.Subset(listed.ListServicesResponse.Service.Select(item => item.Name).ToHashSet(), _services.ToHashSet());
        Assert.Contains("resourceservice/v1/node_service.proto", FileNames(described.FileDescriptorResponse.FileDescriptorProto));
    }

    private static async Task<TResponse> AskAsync<TRequest, TResponse>(AsyncDuplexStreamingCall<TRequest, TResponse> call, TRequest request)
    {
        await call.RequestStream.WriteAsync(request);
        Assert.True(await call.ResponseStream.MoveNext(CancellationToken.None));
        return call.ResponseStream.Current;
    }

    private static IEnumerable<string> FileNames(IEnumerable<ByteString> files) =>
        files.Select(bytes => FileDescriptorProto.Parser.ParseFrom(bytes).Name);
}
