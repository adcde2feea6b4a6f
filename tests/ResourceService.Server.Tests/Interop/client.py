"""Calls the service as a Python program does, with messages put together by hand: the wire format is the contract.

Usage: python3 client.py ADDRESS
"""
import sys

import grpc


def varint(number):
    encoded = bytearray()
    while number > 0x7F:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)


def field(number, value):
    """A field of a message: a number, a text or a message inside."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    value = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(value)) + value


def claim(instance, vcpus):
    amount = field(1, "VCPU") + field(2, vcpus)
    return field(2, field(1, instance)) + field(3, field(1, amount)) + field(4, "python-node")


def main(address):
    channel = grpc.insecure_channel(address)

    def call(method, message):
        return channel.unary_unary(method)(message, timeout=20)

    serving = field(1, 1)
    for name in ("", "readiness", "liveness"):
        assert call("/grpc.health.v1.Health/Check", field(1, name) if name else b"") == serving, name

    for version in ("v1", "v1alpha"):
        reflect = channel.stream_stream(f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo")
        listed = b"".join(reflect(iter([field(7, "*")]), timeout=20))
        for service in ("resourceservice.v1.NodeService", "resourceservice.v1.ClaimService", "grpc.health.v1.Health"):
            assert service.encode() in listed, (version, service)

    inventory = field(1, "VCPU") + field(2, field(1, 4))
    call("/resourceservice.v1.NodeService/RegisterNode", field(1, "python-node") + field(2, inventory))
    answer = call("/resourceservice.v1.ClaimService/ClaimInstance", claim("python-instance", 3))
    assert b"python-node" in answer, answer

    try:
        call("/resourceservice.v1.ClaimService/ClaimInstance", claim("python-big", 2))
    except grpc.RpcError as error:
        assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED, error
        details = dict(error.trailing_metadata())["grpc-status-details-bin"]
        assert b"DOES_NOT_FIT" in details and b"resourceservice.v1.Refusal" in details, details
    else:
        raise AssertionError("2 of 1 VCPU were claimed")

    request_id = "6f1d6a0e-8a4b-4b8e-9d60-000000000021"
    stream = channel.stream_stream("/resourceservice.v1.ClaimService/StreamClaims")
    message = field(1, field(1, request_id) + claim("python-streamed", 1))
    answers = list(stream(iter([message]), timeout=20))
    assert len(answers) == 1 and request_id.encode() in answers[0], answers
    print("all well")


main(sys.argv[1])
