using Google.Protobuf;
using Google.Protobuf.Reflection;
using Google.Protobuf.WellKnownTypes;

namespace ResourceService.Server.Grpc;

/// <summary>The fields of a message that a mask names, by number; each whole, or with those inside it that are named.</summary>
internal sealed class FieldTree
{
    private const int PathsMax = 64;
    private const string Everything = "*";

    // Null for a field that is named as a whole.
    private readonly Dictionary<int, FieldTree?> _named = [];

    /// <summary>What a mask names of a message; null when it is unset, empty or names everything, and after a violation.</summary>
    public static FieldTree? Read(string field, FieldMask? mask, MessageDescriptor message, FieldViolations violations)
    {
        if (mask is null || mask.Paths.Count == 0)
            return null;
        violations.CountAtMost(field, mask.Paths.Count, PathsMax);
        var tree = new FieldTree();
        var all = false;
        foreach (var path in mask.Paths.Take(PathsMax))
        {
            all |= path == Everything;
            if (path != Everything && !tree.TryAdd(path.Split('.'), message))
                violations.Add(field, path, $"is no field of {message.Name} and none inside its messages");
        }

        return all || !violations.None ? null : tree;
    }

    /// <summary>Whether something of a field is named.</summary>
    public bool Names(int number) => _named.ContainsKey(number);

    /// <summary>Clears what is not named.</summary>
    public void Prune(IMessage message)
    {
        foreach (var field in message.Descriptor.Fields.InFieldNumberOrder())
        {
            if (!_named.TryGetValue(field.FieldNumber, out var inside))
                field.Accessor.Clear(message);
            else if (inside is not null && field.Accessor.GetValue(message) is IMessage part)
                inside.Prune(part);
        }
    }

    // A path goes through single messages: what it would mean inside a list or a map is not defined for masks of answers.
    private bool TryAdd(ReadOnlySpan<string> path, MessageDescriptor message)
    {
        if (message.FindFieldByName(path[0]) is not { } field)
            return false;
        if (path.Length == 1)
        {
            _named[field.FieldNumber] = null;
            return true;
        }

        if (field.IsRepeated || field.FieldType != FieldType.Message)
            return false;
        var isWhole = _named.TryGetValue(field.FieldNumber, out var known) && known is null;
        var inside = known ?? new FieldTree();
        if (!inside.TryAdd(path[1..], field.MessageType))
            return false;
        _named[field.FieldNumber] = isWhole ? null : inside;
        return true;
    }
}
