using System.Collections.Concurrent;
using System.Text;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Google.Rpc;
using Status = Google.Rpc.Status;

namespace ResourceService.Server.Grpc;

/// <summary>
/// What a call was about: the ids in its request, else in its answer, else in its error. Found by the names of fields, so that every method of the
/// contract has them; looked for only where a trace or a line shows them.
/// </summary>
internal readonly struct CallSubject
{
    // Ids of the contract are at most as long. A wrong one is the caller's text, of any length.
    private const int LengthMax = 255;

    // A claim in an answer has its instance in it.
    private const int DepthMax = 2;

    private static readonly ConcurrentDictionary<MessageDescriptor, Part[]> _parts = new();

    private readonly string?[] _ids = new string?[Kinds.Length];

    private CallSubject(IMessage? request, IMessage? response, Status? error)
    {
        if (request is not null)
            Take(request, 0);
        if (response is not null)
            Take(response, 0);
        if (error?.GetDetail<ErrorInfo>() is not { } info)
            return;
        for (var i = 0; i < Kinds.Length; i++)
        {
            if (_ids[i] is null && info.Metadata.TryGetValue(Kinds[i], out var id))
                _ids[i] = id;
        }
    }

    /// <summary>What there are ids of, by the contract's names of the fields.</summary>
    public static string[] Kinds { get; } = ["node_id", "source_node_id", "instance_id", "claim_id", "migration_id"];

    /// <summary>The subject of a call.</summary>
    public static CallSubject Of(IMessage? request, IMessage? response, Status? error) => new(request, response, error);

    /// <summary>The id of a kind, by its place; null when there is none.</summary>
    public string? this[int kind] => _ids[kind];

    /// <summary>For people: "instance_id vm-1, node_id node-7". What would break the line is left out.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        for (var i = 0; i < Kinds.Length; i++)
        {
            if (_ids[i] is { } id)
                text.Append(text.Length > 0 ? ", " : "").Append(Kinds[i]).Append(' ').Append([.. id.Where(letter => !char.IsControl(letter))]);
        }

        return text.Length > 0 ? text.ToString() : "nothing named";
    }

    private void Take(IMessage message, int depth)
    {
        foreach (var (field, kind) in _parts.GetOrAdd(message.Descriptor, static descriptor => [.. PartsOf(descriptor)]))
        {
            var value = field.Accessor.GetValue(message);
            if (value is string { Length: > 0 } id)
                _ids[kind] ??= id.Length <= LengthMax ? id : id[..LengthMax];
            else if (value is IMessage inner && depth < DepthMax)
                Take(inner, depth + 1);
        }
    }

    private static IEnumerable<Part> PartsOf(MessageDescriptor message) =>
        from field in message.Fields.InDeclarationOrder()
        where !field.IsRepeated
        let kind = field.FieldType == FieldType.String ? Array.IndexOf(Kinds, field.Name == "target_node_id" ? "node_id" : field.Name) : -1
        where kind >= 0 || (field.FieldType == FieldType.Message && field.MessageType.File.Package == message.File.Package)
        select new Part(field, kind);

    private readonly record struct Part(FieldDescriptor Field, int Kind);
}
