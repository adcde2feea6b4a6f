using System.Collections.Concurrent;
using System.IO.Hashing;
using System.Runtime.InteropServices;
using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace ResourceService.Server.Grpc;

/// <summary>
/// Tells whether two requests say the same. The bytes are written with maps in key order: clients write maps in any order, so a retry's bytes
/// may differ from the first attempt's while its content does not. The same goes for the letters of a UUID in <c>request_id</c>, of the request and of
/// those in a batch: large or small, it is one number. The message's name is part of it: two methods may have requests whose bytes are the same,
/// such as enabling a node and deleting it by force.
/// </summary>
internal static class Fingerprints
{
    // Where the ids of each kind of request are. There are as many kinds as methods.
    private static readonly ConcurrentDictionary<MessageDescriptor, IdFields> _idFields = new();

    /// <summary>A hash of a request's content.</summary>
    public static long Of(IMessage request) => (long)XxHash3.HashToUInt64(Canonical(WithSmallIds(request)), NameHash(request));

    // A seed per kind of message. Names are short; hashing one costs a few nanoseconds.
    private static long NameHash(IMessage request) =>
        (long)XxHash3.HashToUInt64(MemoryMarshal.AsBytes(request.Descriptor.FullName.AsSpan()));

    // Nearly all callers write small letters: then it is the request itself.
    private static IMessage WithSmallIds(IMessage request)
    {
        var fields = _idFields.GetOrAdd(request.Descriptor, static descriptor => IdFields.Of(descriptor));
        if (!fields.HaveLargeLetters(request))
            return request;
        var copy = request.Descriptor.Parser.ParseFrom(request.ToByteArray());
        fields.MakeSmall(copy);
        return copy;
    }

    // A request's content in one order.
    private static ReadOnlySpan<byte> Canonical(IMessage request)
    {
        var bytes = new byte[request.CalculateSize()];
        using var output = new CodedOutputStream(bytes) { Deterministic = true };
        request.WriteTo(output);
        output.Flush();
        return bytes;
    }

    // The request's own id, and those of the requests in it, where the kind has them.
    private sealed record IdFields(IFieldAccessor? Own, IFieldAccessor? Items, IFieldAccessor? OfItem)
    {
        public static IdFields Of(MessageDescriptor request)
        {
            var items = request.Fields.InDeclarationOrder().FirstOrDefault(
                field => field is { IsRepeated: true, IsMap: false, FieldType: FieldType.Message } && IdOf(field.MessageType) is not null);
            return new IdFields(IdOf(request), items?.Accessor, items is null ? null : IdOf(items.MessageType));
        }

        public bool HaveLargeLetters(IMessage request)
        {
            if (Own is not null && HasLargeLetters(Own, request))
                return true;
            foreach (var item in ItemsOf(request))
            {
                if (HasLargeLetters(OfItem!, item))
                    return true;
            }

            return false;
        }

        public void MakeSmall(IMessage request)
        {
            if (Own is not null)
                MakeSmall(Own, request);
            foreach (var item in ItemsOf(request))
                MakeSmall(OfItem!, item);
        }

        private IEnumerable<IMessage> ItemsOf(IMessage request) => Items is null ? [] : (IEnumerable<IMessage>)Items.GetValue(request);

        private static IFieldAccessor? IdOf(MessageDescriptor message) => message.FindFieldByName("request_id")?.Accessor;

        private static bool HasLargeLetters(IFieldAccessor id, IMessage message) => ((string)id.GetValue(message)).AsSpan().ContainsAnyInRange('A', 'Z');

        private static void MakeSmall(IFieldAccessor id, IMessage message) => id.SetValue(message, ((string)id.GetValue(message)).ToLowerInvariant());
    }
}
