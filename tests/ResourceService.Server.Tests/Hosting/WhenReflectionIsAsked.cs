using Google.Protobuf.Reflection;
using Alpha = Grpc.Reflection.V1Alpha;

namespace ResourceService.Server.Tests.Hosting;

/// <summary>grpcurl knows nothing but what reflection says: by v1 where it can, older ones by v1alpha.</summary>
public sealed class WhenReflectionIsAsked(SharedService service) : ServiceTest(service)
{
    private static readonly string[] _services =
    [
        "grpc.health.v1.Health", "resourceservice.v1.AuditService", "resourceservice.v1.ClaimService", "resourceservice.v1.MigrationService",
        "resourceservice.v1.NodeService", "resourceservice.v1.ResizeService",
    ];

    private static readonly string[] _detailsOfErrors =
    [
        "google.rpc.ErrorInfo", "google.rpc.BadRequest", "google.rpc.RetryInfo", "google.rpc.Status", "resourceservice.v1.ErrorReason",
        "resourceservice.v1.Refusal", "resourceservice.v1.RefusalSummary",
    ];

    [Fact]
    public async Task It_lists_the_services_and_knows_all_that_an_error_can_hold()
    {
        var contract = await ReflectedContract.ReadAsync(Clients, _detailsOfErrors);

        Assert.Equal(_services, contract.Services.Order(StringComparer.Ordinal));
        Assert.Contains("resourceservice/v1/errors.proto", contract.Files.Select(file => file.Name));
    }

    [Fact]
    public async Task Every_method_message_field_and_value_comes_with_its_comment()
    {
        var contract = await ReflectedContract.ReadAsync(Clients, _detailsOfErrors);

        Assert.Empty(contract.Files.Where(file => file.Package == "resourceservice.v1").SelectMany(Uncommented));
    }

    [Fact]
    public async Task Every_field_comes_with_its_JSON_name()
    {
        var contract = await ReflectedContract.ReadAsync(Clients);

        var fields = contract.Files.Where(file => file.Package == "resourceservice.v1").SelectMany(file => file.MessageType).SelectMany(message => message.Field);
        Assert.All(fields, field => Assert.NotEmpty(field.JsonName));
        Assert.Contains(fields, field => field is { Name: "node_id", JsonName: "nodeId" });
    }

    [Fact]
    public async Task V1alpha_answers_the_same()
    {
        using var call = new Alpha.ServerReflection.ServerReflectionClient(Clients.Invoker).ServerReflectionInfo();
        await call.RequestStream.WriteAsync(new Alpha.ServerReflectionRequest { FileContainingSymbol = "resourceservice.v1.NodeService" });
        Assert.True(await call.ResponseStream.MoveNext(CancellationToken.None));

        var contract = await ReflectedContract.ReadAsync(Clients);
        var described = call.ResponseStream.Current.FileDescriptorResponse.FileDescriptorProto.Select(bytes => FileDescriptorProto.Parser.ParseFrom(bytes));

        Assert.Equal(
            contract.Files.Single(file => file.Name == "resourceservice/v1/node_service.proto"),
            described.Single(file => file.Name == "resourceservice/v1/node_service.proto"));
    }

    // What has no comment, by the numbers of the fields in descriptor.proto.
    private static IEnumerable<string> Uncommented(FileDescriptorProto file)
    {
        for (var i = 0; i < file.Service.Count; i++)
        {
            foreach (var (_, method) in file.Service[i].Method.Index().Where(item => Lacks(file, 6, i, 2, item.Index)))
                yield return $"{file.Service[i].Name}.{method.Name}";
        }

        for (var i = 0; i < file.MessageType.Count; i++)
        {
            if (Lacks(file, 4, i))
                yield return file.MessageType[i].Name;
            foreach (var (_, field) in file.MessageType[i].Field.Index().Where(item => Lacks(file, 4, i, 2, item.Index)))
                yield return $"{file.MessageType[i].Name}.{field.Name}";
        }

        for (var i = 0; i < file.EnumType.Count; i++)
        {
            foreach (var (_, value) in file.EnumType[i].Value.Index().Where(item => Lacks(file, 5, i, 2, item.Index)))
                yield return value.Name;
        }
    }

    private static bool Lacks(FileDescriptorProto file, params int[] path) => ReflectedContract.CommentOf(file, path).Length == 0;
}
