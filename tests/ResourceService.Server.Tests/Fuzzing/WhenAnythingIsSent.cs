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

    // Six seeds grew by 25 MiB at most, after 43 to 64 MiB of messages. Whoever kept these would need several times their size: parsed, they are
    // larger than on the wire.
    private const long GrowthBytesMax = 80L << 20;

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
        var (codes, bytes) = await SendAsync(raw, fuzzer, random, methods, Messages, seed);

        var grown = service.Process.WorkingSetBytes - before;
        TestContext.Current.TestOutputHelper?.WriteLine(string.Join(", ", codes.OrderByDescending(code => code.Value).Select(code => $"{code.Key.Kind} {code.Key.Code} {code.Value}")));
        TestContext.Current.TestOutputHelper?.WriteLine($"grown by {grown >> 20} MiB from {before >> 20} MiB, after {bytes >> 20} MiB");
        Assert.All(Enum.GetValues<MethodKind>(), kind => Assert.True(
            codes.Keys.Count(code => code.Kind == kind) >= 2, $"{Seed.Describe(seed)}: too few kinds of answers of {kind} to say anything: {string.Join(", ", codes.Keys)}"));
        Assert.InRange(grown, long.MinValue, GrowthBytesMax);
        Assert.Equal(HealthCheckResponse.Types.ServingStatus.Serving, await service.Clients.HealthOfAsync(""));
        var books = await service.Clients.Audits.VerifyLedgerAsync(new VerifyLedgerRequest());
        Assert.Equal(0, books.DifferenceCount);
        Expect.Quiet(service.Process.Log);
    }

    private static IEnumerable<MethodDescriptor> Methods() =>
        new[] { NodeServiceReflection.Descriptor, ClaimServiceReflection.Descriptor, ResizeServiceReflection.Descriptor, MigrationServiceReflection.Descriptor, AuditServiceReflection.Descriptor }
            .SelectMany(file => file.Services)
            .SelectMany(contract => contract.Methods);

    private static async Task<(Dictionary<(MethodKind Kind, StatusCode Code), int> Codes, long Bytes)> SendAsync(
        RawGrpc raw, MessageFuzzer fuzzer, Random random, MethodDescriptor[] methods, int count, int seed)
    {
        var (codes, bytes) = (new Dictionary<(MethodKind, StatusCode), int>(), 0L);
        for (var sent = 0; sent < count; sent += InFlight)
        {
            var batch = Enumerable.Range(0, InFlight).Select(_ => Next(fuzzer, random, methods[random.Next(methods.Length)])).ToArray();
            foreach (var (call, code, answer) in await Task.WhenAll(batch.Select(call => AnswerAsync(raw, call))))
            {
                bytes += call.Messages.Sum(message => (long)message.Length);
                codes[(call.Kind, code)] = codes.GetValueOrDefault((call.Kind, code)) + 1;
                Assert.True(
                    IsExpected(call, code),
                    $"{Seed.Describe(seed)}: {call.Path} answered {answer} to {string.Join(" ", call.Messages.Select(message => Convert.ToHexString(message.AsSpan(0, Math.Min(message.Length, 2000)))))}");
            }
        }

        return (codes, bytes);
    }

    private static bool IsExpected(FuzzedCall call, StatusCode code)
    {
        if (IsTooLong(call))
            return code == StatusCode.ResourceExhausted;
        if (!call.Parses)
            return code == StatusCode.InvalidArgument;
        // A watch that was taken goes on until its caller has had enough.
        return _documented.Contains(code) || (call.Kind == MethodKind.Watch && code == StatusCode.DeadlineExceeded);
    }

    private static bool IsTooLong(FuzzedCall call) => call.Messages.Any(message => message.Length > MessageBytesMax);

    private static async Task<(FuzzedCall Call, StatusCode Code, string Answer)> AnswerAsync(RawGrpc raw, FuzzedCall call)
    {
        var body = call.Messages.SelectMany(message => RawGrpc.Frame(message)).ToArray();
        try
        {
            var answer = call.Kind == MethodKind.Watch
                // What cannot be read ends by itself, on a slow machine later than a watch that can is given up.
                ? await raw.PostAsync(call.Path, body, headers: ("grpc-timeout", call.Parses && !IsTooLong(call) ? "100m" : "20S"))
                : await raw.PostAsync(call.Path, body);
            return (call, answer.Code, answer.ToString());
        }
        catch (HttpRequestException cause) when (call.Kind == MethodKind.Watch)
        {
            // The service ends a call at its deadline with a reset, which may be read before the status.
            return (call, StatusCode.DeadlineExceeded, cause.Message);
        }
    }

    private static FuzzedCall Next(MessageFuzzer fuzzer, Random random, MethodDescriptor method)
    {
        var kind = method.IsClientStreaming ? MethodKind.Stream : method.IsServerStreaming ? MethodKind.Watch : MethodKind.Single;
        var messages = Enumerable.Range(0, kind == MethodKind.Stream ? random.Next(5) : 1).Select(_ => Message()).ToArray();
        return new FuzzedCall($"/{method.Service.FullName}/{method.Name}", kind, messages, messages.All(message => Parses(method.InputType, message)));

        byte[] Message()
        {
            var body = random.Next(20) == 0 ? fuzzer.RandomBytes(random.Next(200)) : fuzzer.Message(method.InputType).ToByteArray();
            return random.Next(4) == 0 ? fuzzer.Mutate(body) : body;
        }
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

    private enum MethodKind
    {
        Single,
        Stream,
        Watch,
    }

    private sealed record FuzzedCall(string Path, MethodKind Kind, byte[][] Messages, bool Parses);
}
