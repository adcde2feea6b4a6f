using System.Buffers;
using Grpc.Core;
using Grpc.Health.V1;
using ResourceService.V1;

namespace ResourceService.Load.Wire;

/// <summary>The driven methods with requests that are already serialized and answers that are hardly read: what is left is the cost of gRPC itself.</summary>
internal static class RawMethods
{
    private static readonly Marshaller<Payload> _payloads = new(
        static (payload, context) =>
        {
            context.SetPayloadLength(payload.Bytes.Length);
            context.GetBufferWriter().Write(payload.Bytes);
            context.Complete();
        },
        static _ => throw new NotSupportedException("Payloads are only sent."));

    // An answer with status OK is an accepted claim: nothing of it is read. Declared before the methods that hold it.
    private static readonly Func<DeserializationContext, Answer> _readNothing = static _ => Answer.Accepted;

    public static readonly Method<Payload, Answer> Check = Unary(Health.Descriptor.FullName, "Check", _readNothing);

    public static readonly Method<Payload, Answer> ClaimInstance = Unary(ClaimService.Descriptor.FullName, "ClaimInstance", _readNothing);

    public static readonly Method<Payload, Answer> ClaimInstances = Unary(ClaimService.Descriptor.FullName, "ClaimInstances", AnswerReader.ReadBatch);

    public static readonly Method<Payload, WatchedChange> WatchNodes = new(
        MethodType.ServerStreaming, NodeService.Descriptor.FullName, "WatchNodes", _payloads,
        new Marshaller<WatchedChange>(static (_, _) => { }, AnswerReader.ReadWatched));

    private static Method<Payload, Answer> Unary(string service, string method, Func<DeserializationContext, Answer> read) =>
        new(MethodType.Unary, service, method, _payloads, new Marshaller<Answer>(static (_, _) => { }, read));
}
