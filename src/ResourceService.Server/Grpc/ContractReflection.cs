using Google.Protobuf;
using Google.Protobuf.Reflection;
using Grpc.Health.V1;
using Grpc.Reflection;
using ResourceService.V1;

namespace ResourceService.Server.Grpc;

/// <summary>
/// What reflection serves: the contract as protoc describes it, with comments and JSON names, and every type that an error's details can hold. The
/// descriptors inside the generated code have neither comments nor JSON names, and a client that knows reflection alone could read no error with them.
/// </summary>
internal static class ContractReflection
{
    private const string DescriptorSet = "contract.protoset";

    /// <summary>Serves it in both versions of the protocol: older clients know <c>v1alpha</c> alone.</summary>
    public static void AddContractReflection(this IServiceCollection services)
    {
        services.AddGrpcReflection();
        // These win over the library's own, which would describe the generated code.
        services.AddSingleton(_ => new ReflectionServiceImpl(ServiceNames(), _symbols.Value));
        services.AddSingleton(_ => new ReflectionV1ServiceImpl(ServiceNames(), _symbols.Value));
    }

    private static readonly Lazy<IReadOnlyList<FileDescriptor>> _files = new(Read);
    private static readonly Lazy<SymbolRegistry> _symbols = new(() => SymbolRegistry.FromFiles(_files.Value));

    private static IEnumerable<string> ServiceNames() =>
        _files.Value.SelectMany(file => file.Services).Select(service => service.FullName);

    private static List<FileDescriptor> Read()
    {
        using var stream = typeof(ErrorsReflection).Assembly.GetManifestResourceStream(DescriptorSet)
            ?? throw new InvalidOperationException($"The contract's assembly holds no {DescriptorSet}.");
        var described = FileDescriptorSet.Parser.ParseFrom(stream).File;
        // JSON writes an extension by its full name. protoc gives it a JSON name all the same, and with one clients on protobufjs 8 beside 7 cannot load the file.
        foreach (var extension in described.SelectMany(file => file.Extension))
            extension.ClearJsonName();
        // A file stands behind those that it imports, as protoc writes them and as they are built here.
        return [.. FileDescriptor.BuildFromByteStrings(described.Select(file => file.ToByteString())), HealthReflection.Descriptor];
    }
}
