using Google.Protobuf;
using Google.Protobuf.Reflection;
using Grpc.Health.V1;
using ResourceService.Server.Tests.Wire;

namespace ResourceService.Server.Tests.Fuzzing;

/// <summary>
/// Random and mutated messages to every method: nothing crashes, hangs or is answered with a status that the contract does not name, the books
/// balance, and memory stays where it was.
/// </summary>
public sealed class WhenAnythingIsSent(UndisturbedService service) : IClassFixture<UndisturbedService>
{
    private const int Messages = 6_000;
    private const int InFlight = 16;
    private const int MessageBytesMax = 4 << 20;

    // Far above what a sound server needs for this, far below what a leak of these messages would take.
    private const long GrowthBytesMax = 400L << 20;

    private static readonly HashSet<StatusCode> _documented =
    [
        StatusCode.OK, StatusCode.InvalidArgument, StatusCode.NotFound, StatusCode.AlreadyExists, StatusCode.FailedPrecondition,
        StatusCode.ResourceExhausted, StatusCode.Aborted, StatusCode.OutOfRange, StatusCode.Unavailable,
    ];

    [Fact]
    public async Task Every_answer_is_documented_and_the_ledger_stays_sound()
    {
        var seed = Seed.Choose();
        TestContext.Current.TestOutputHelper?.WriteLine(Seed.Describe(seed));
        var random = new Random(seed);
        var fuzzer = new MessageFuzzer(random);
        var methods = Methods().ToArray();
        using var raw = new RawGrpc(service.Clients.Address);
        await SendAsync(raw, fuzzer, random, methods, Messages / 4, seed);
        var before = service.Process.WorkingSetBytes;

        var codes = await SendAsync(raw, fuzzer, random, methods, Messages, seed);

        TestContext.Current.TestOutputHelper?.WriteLine(string.Join(", ", codes.OrderByDescending(code => code.Value).Select(code => $"{code.Key} {code.Value}")));
        Assert.True(codes.Count >= 4, $"{Seed.Describe(seed)}: too few kinds of answers to say anything: {string.Join(", ", codes.Keys)}");
        Assert.InRange(service.Process.WorkingSetBytes - before, long.MinValue, GrowthBytesMax);
        Assert.Equal(HealthCheckResponse.Types.ServingStatus.Serving, await service.Clients.HealthOfAsync(""));
        var books = await service.Clients.Audits.VerifyLedgerAsync(new VerifyLedgerRequest());
        Assert.Equal(0, books.DifferenceCount);
        Expect.Quiet(service.Process.Log);
    }

    // Streams answer in a way of their own; their messages are those of the single calls.
    private static IEnumerable<MethodDescriptor> Methods() =>
        new[] { NodeServiceReflection.Descriptor, ClaimServiceReflection.Descriptor, ResizeServiceReflection.Descriptor, MigrationServiceReflection.Descriptor, AuditServiceReflection.Descriptor }
            .SelectMany(file => file.Services)
            .SelectMany(contract => contract.Methods)
            .Where(method => !method.IsServerStreaming && !method.IsClientStreaming);

    private static async Task<Dictionary<StatusCode, int>> SendAsync(
        RawGrpc raw, MessageFuzzer fuzzer, Random random, MethodDescriptor[] methods, int count, int seed)
    {
        var codes = new Dictionary<StatusCode, int>();
        for (var sent = 0; sent < count; sent += InFlight)
        {
            var batch = Enumerable.Range(0, InFlight).Select(_ => Next(fuzzer, random, methods)).ToArray();
            var answers = await Task.WhenAll(batch.Select(next => raw.PostAsync(next.Path, RawGrpc.Frame(next.Body))));
            foreach (var ((path, body, parses), answer) in batch.Zip(answers))
            {
                codes[answer.Code] = codes.GetValueOrDefault(answer.Code) + 1;
                Assert.True(
                    body.Length > MessageBytesMax ? answer.Code == StatusCode.ResourceExhausted : parses ? _documented.Contains(answer.Code) : answer.Code == StatusCode.InvalidArgument,
                    $"{Seed.Describe(seed)}: {path} answered {answer} to {Convert.ToHexString(body.AsSpan(0, Math.Min(body.Length, 2000)))}");
            }
        }

        return codes;
    }

    private static (string Path, byte[] Body, bool Parses) Next(MessageFuzzer fuzzer, Random random, MethodDescriptor[] methods)
    {
        var method = methods[random.Next(methods.Length)];
        var body = random.Next(20) == 0 ? fuzzer.RandomBytes(random.Next(200)) : fuzzer.Message(method.InputType).ToByteArray();
        if (random.Next(4) == 0)
            body = fuzzer.Mutate(body);
        return ($"/{method.Service.FullName}/{method.Name}", body, Parses(method.InputType, body));
    }

    private static bool Parses(MessageDescriptor type, byte[] body)
    {
        try
        {
            type.Parser.ParseFrom(body);
            return true;
        }
        catch (InvalidProtocolBufferException)
        {
            return false;
        }
    }
}
