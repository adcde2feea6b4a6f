using Google.Protobuf.Reflection;
using Grpc.Reflection.V1;

namespace ResourceService.Server.Tests.Hosting;

/// <summary>The contract as a client sees it that has no files: each symbol asked for by reflection, with the files that it needs.</summary>
internal sealed class ReflectedContract
{
    private readonly Dictionary<string, FileDescriptorProto> _files = new(StringComparer.Ordinal);

    /// <summary>The names of all services.</summary>
    public IReadOnlyList<string> Services { get; private set; } = [];

    /// <summary>The files known so far.</summary>
    public IReadOnlyCollection<FileDescriptorProto> Files => _files.Values;

    /// <summary>Every line of every comment.</summary>
    public HashSet<string> Comments =>
        [.. _files.Values.Where(file => file.SourceCodeInfo is not null).SelectMany(file => file.SourceCodeInfo.Location)
            .SelectMany(location => location.LeadingComments.Split('\n')).Select(line => line.Trim())];

    /// <summary>Asks for all services and for further symbols.</summary>
    public static async Task<ReflectedContract> ReadAsync(ServiceClients clients, params IEnumerable<string> symbols)
    {
        var contract = new ReflectedContract();
        using var call = new ServerReflection.ServerReflectionClient(clients.Invoker).ServerReflectionInfo();
        contract.Services = [.. (await AskAsync(new ServerReflectionRequest { ListServices = "*" })).ListServicesResponse.Service.Select(item => item.Name)];
        foreach (var symbol in contract.Services.Concat(symbols))
        {
            var answer = await AskAsync(new ServerReflectionRequest { FileContainingSymbol = symbol });
            Assert.True(answer.FileDescriptorResponse is not null, $"{symbol}: {answer.ErrorResponse?.ErrorMessage}");
            foreach (var bytes in answer.FileDescriptorResponse.FileDescriptorProto)
            {
                var file = FileDescriptorProto.Parser.ParseFrom(bytes);
                contract._files[file.Name] = file;
            }
        }

        return contract;

        async Task<ServerReflectionResponse> AskAsync(ServerReflectionRequest request)
        {
            await call.RequestStream.WriteAsync(request);
            Assert.True(await call.ResponseStream.MoveNext(CancellationToken.None));
            return call.ResponseStream.Current;
        }
    }

    /// <summary>The comment before an element, by the path of field numbers that protoc gives it.</summary>
    public static string CommentOf(FileDescriptorProto file, params int[] path) =>
        file.SourceCodeInfo?.Location.FirstOrDefault(location => location.Path.SequenceEqual(path))?.LeadingComments.Trim() ?? "";
}
