// Made by apus-schema from Sources/Control/Schema/Text. Change it there.

import JSON

/// A property of an object or of a type.
public struct ObjectPropertyInfo: QAPIObject {
    public var name: String
    /// child<TYPE> for what is part of it, link<TYPE> for what it refers to
    public var type: String
    public var description: String?
    public var defaultValue: JSONValue?

    public init(
        name: String,
        type: String,
        description: String? = nil,
        defaultValue: JSONValue? = nil
    ) {
        self.name = name
        self.type = type
        self.description = description
        self.defaultValue = defaultValue
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        name = try input.take("name")
        type = try input.take("type")
        description = try input.takeOptional("description")
        defaultValue = try input.takeOptional("default-value")
    }

    public func write(to output: inout JSONObject) {
        output["name"] = name.json
        output["type"] = type.json
        output["description"] = description?.json
        output["default-value"] = defaultValue?.json
    }
}

/// Lists an object's properties.
public enum QomListCommand: QAPICommand {
    public static let name = "qom-list"
    public static let isEarly = true
    public typealias Return = [ObjectPropertyInfo]

    public struct Arguments: QAPIObject {
        /// from the root, or the end of a path that is unique
        public var path: String

        public init(
            path: String
        ) {
            self.path = path
        }

        public init(reading input: inout QAPIInput) throws(QAPIError) {
            path = try input.take("path")
        }

        public func write(to output: inout JSONObject) {
            output["path"] = path.json
        }
    }
}

/// Says what value a property has.
public enum QomGetCommand: QAPICommand {
    public static let name = "qom-get"
    public static let isEarly = true
    public typealias Return = JSONValue

    public struct Arguments: QAPIObject {
        public var path: String
        public var property: String

        public init(
            path: String,
            property: String
        ) {
            self.path = path
            self.property = property
        }

        public init(reading input: inout QAPIInput) throws(QAPIError) {
            path = try input.take("path")
            property = try input.take("property")
        }

        public func write(to output: inout JSONObject) {
            output["path"] = path.json
            output["property"] = property.json
        }
    }
}

/// Gives a property a value.
public enum QomSetCommand: QAPICommand {
    public static let name = "qom-set"
    public static let isEarly = true
    public typealias Return = QAPIEmpty

    public struct Arguments: QAPIObject {
        public var path: String
        public var property: String
        public var value: JSONValue

        public init(
            path: String,
            property: String,
            value: JSONValue
        ) {
            self.path = path
            self.property = property
            self.value = value
        }

        public init(reading input: inout QAPIInput) throws(QAPIError) {
            path = try input.take("path")
            property = try input.take("property")
            value = try input.take("value")
        }

        public func write(to output: inout JSONObject) {
            output["path"] = path.json
            output["property"] = property.json
            output["value"] = value.json
        }
    }
}

/// A type of objects.
public struct ObjectTypeInfo: QAPIObject {
    public var name: String
    /// others are made from it; it has no objects itself
    public var abstract: Bool?
    public var parent: String?

    public init(
        name: String,
        abstract: Bool? = nil,
        parent: String? = nil
    ) {
        self.name = name
        self.abstract = abstract
        self.parent = parent
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        name = try input.take("name")
        abstract = try input.takeOptional("abstract")
        parent = try input.takeOptional("parent")
    }

    public func write(to output: inout JSONObject) {
        output["name"] = name.json
        output["abstract"] = abstract?.json
        output["parent"] = parent?.json
    }
}

/// Lists the types of objects.
public enum QomListTypesCommand: QAPICommand {
    public static let name = "qom-list-types"
    public static let isEarly = true
    public typealias Return = [ObjectTypeInfo]

    public struct Arguments: QAPIObject {
        /// only those made from this one
        public var implements: String?
        /// those that have no objects too
        public var abstract: Bool?

        public init(
            implements: String? = nil,
            abstract: Bool? = nil
        ) {
            self.implements = implements
            self.abstract = abstract
        }

        public init(reading input: inout QAPIInput) throws(QAPIError) {
            implements = try input.takeOptional("implements")
            abstract = try input.takeOptional("abstract")
        }

        public func write(to output: inout JSONObject) {
            output["implements"] = implements?.json
            output["abstract"] = abstract?.json
        }
    }
}

/// Lists the properties that objects of a type have.
public enum QomListPropertiesCommand: QAPICommand {
    public static let name = "qom-list-properties"
    public static let isEarly = true
    public typealias Return = [ObjectPropertyInfo]

    public struct Arguments: QAPIObject {
        public var typename: String

        public init(
            typename: String
        ) {
            self.typename = typename
        }

        public init(reading input: inout QAPIInput) throws(QAPIError) {
            typename = try input.take("typename")
        }

        public func write(to output: inout JSONObject) {
            output["typename"] = typename.json
        }
    }
}

/// Lists the properties that `device_add` takes for a type.
public enum DeviceListPropertiesCommand: QAPICommand {
    public static let name = "device-list-properties"
    public static let isEarly = true
    public typealias Return = [ObjectPropertyInfo]

    public struct Arguments: QAPIObject {
        public var typename: String

        public init(
            typename: String
        ) {
            self.typename = typename
        }

        public init(reading input: inout QAPIInput) throws(QAPIError) {
            typename = try input.take("typename")
        }

        public func write(to output: inout JSONObject) {
            output["typename"] = typename.json
        }
    }
}

/// Makes an object.
public enum ObjectAddCommand: QAPICommand {
    public static let name = "object-add"
    public static let isEarly = true
    public typealias Return = QAPIEmpty

    public struct Arguments: QAPIObject {
        public var qomType: String
        public var id: String
        public var rest: JSONObject

        public init(
            qomType: String,
            id: String,
            rest: JSONObject
        ) {
            self.qomType = qomType
            self.id = id
            self.rest = rest
        }

        public init(reading input: inout QAPIInput) throws(QAPIError) {
            qomType = try input.take("qom-type")
            id = try input.take("id")
            rest = input.takeRest()
        }

        public func write(to output: inout JSONObject) {
            output["qom-type"] = qomType.json
            output["id"] = id.json
            for (name, value) in rest.members { output[name] = value }
        }
    }
}

/// Takes an object away that nothing uses.
public enum ObjectDelCommand: QAPICommand {
    public static let name = "object-del"
    public static let isEarly = true
    public typealias Return = QAPIEmpty

    public struct Arguments: QAPIObject {
        public var id: String

        public init(
            id: String
        ) {
            self.id = id
        }

        public init(reading input: inout QAPIInput) throws(QAPIError) {
            id = try input.take("id")
        }

        public func write(to output: inout JSONObject) {
            output["id"] = id.json
        }
    }
}

/// Plugs a device in.
public enum DeviceAddCommand: QAPICommand {
    public static let name = "device_add"
    public typealias Return = QAPIEmpty

    public struct Arguments: QAPIObject {
        public var driver: String
        public var bus: String?
        public var id: String?
        public var rest: JSONObject

        public init(
            driver: String,
            bus: String? = nil,
            id: String? = nil,
            rest: JSONObject
        ) {
            self.driver = driver
            self.bus = bus
            self.id = id
            self.rest = rest
        }

        public init(reading input: inout QAPIInput) throws(QAPIError) {
            driver = try input.take("driver")
            bus = try input.takeOptional("bus")
            id = try input.takeOptional("id")
            rest = input.takeRest()
        }

        public func write(to output: inout JSONObject) {
            output["driver"] = driver.json
            output["bus"] = bus?.json
            output["id"] = id?.json
            for (name, value) in rest.members { output[name] = value }
        }
    }
}

/// Unplugs a device.
public enum DeviceDelCommand: QAPICommand {
    public static let name = "device_del"
    public typealias Return = QAPIEmpty

    public struct Arguments: QAPIObject {
        /// or its path
        public var id: String

        public init(
            id: String
        ) {
            self.id = id
        }

        public init(reading input: inout QAPIInput) throws(QAPIError) {
            id = try input.take("id")
        }

        public func write(to output: inout JSONObject) {
            output["id"] = id.json
        }
    }
}

/// A device is gone.
public struct DeviceDeletedEvent: QAPIEvent {
    public static let name = "DEVICE_DELETED"
    public var device: String?
    public var path: String

    public init(
        device: String? = nil,
        path: String
    ) {
        self.device = device
        self.path = path
    }

    public init(reading input: inout QAPIInput) throws(QAPIError) {
        device = try input.takeOptional("device")
        path = try input.take("path")
    }

    public func write(to output: inout JSONObject) {
        output["device"] = device?.json
        output["path"] = path.json
    }
}
