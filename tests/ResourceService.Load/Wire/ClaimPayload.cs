using System.Text;
using Google.Protobuf;

namespace ResourceService.Load.Wire;

/// <summary>
/// A serialized message with one claim or many, whose ids and node names are overwritten in place for each send. The bytes come from the generated
/// message, so that the contract decides the encoding; the places to overwrite are where the placeholders are found.
/// </summary>
internal sealed class ClaimPayload : Payload
{
    private readonly int[] _requestIds;
    private readonly int[] _instanceIds;
    private readonly int[] _nodeDigits;
    private readonly UuidSource _ids = new();
    private readonly RandomSequence _random;
    private readonly int _nodeCount;

    public ClaimPayload(IMessage message, NodeNames nodes, ulong seed)
        : base(message.ToByteArray())
    {
        _requestIds = FindAll(Bytes, ClaimTemplate.RequestIdPlaceholder);
        _instanceIds = FindAll(Bytes, ClaimTemplate.InstanceIdPlaceholder);
        _nodeDigits = [.. FindAll(Bytes, nodes.Placeholder).Select(at => at + nodes.Placeholder.Length - NodeNames.Digits)];
        _random = new RandomSequence(seed);
        _nodeCount = nodes.Count;
    }

    public override int ClaimCount => _instanceIds.Length;

    public override void Advance() => Advance(slot: 0);

    /// <summary>The slot comes back with the answer, inside the request id.</summary>
    public void Advance(long slot)
    {
        foreach (var at in _requestIds)
        {
            _ids.Write(Bytes.AsSpan(at, UuidSource.Length), slot);
        }
        for (var i = 0; i < _instanceIds.Length; i++)
        {
            _ids.Write(Bytes.AsSpan(_instanceIds[i], UuidSource.Length), slot);
        }
        // Claims that leave the choice to the server name no node.
        foreach (var at in _nodeDigits)
        {
            NodeNames.WriteDigits(Bytes.AsSpan(at, NodeNames.Digits), _random.Below(_nodeCount));
        }
    }

    private static int[] FindAll(byte[] bytes, string placeholder)
    {
        var wanted = Encoding.ASCII.GetBytes(placeholder);
        var found = new List<int>();
        for (var at = 0; ;)
        {
            var next = bytes.AsSpan(at).IndexOf(wanted);
            if (next < 0)
            {
                return [.. found];
            }
            found.Add(at + next);
            at += next + wanted.Length;
        }
    }
}
