extension SchemaText {
    /// Everything that has properties.
    static let objectText = """
        # A property of an object or of a type.
        struct ObjectPropertyInfo
            name: str
            type: str                   # child<TYPE> for what is part of it, link<TYPE> for what it refers to
            description?: str
            default-value?: any

        # Lists an object's properties.
        command qom-list early -> [ObjectPropertyInfo]
            path: str                   # from the root, or the end of a path that is unique

        # Says what value a property has.
        command qom-get early -> any
            path: str
            property: str

        # Gives a property a value.
        command qom-set early
            path: str
            property: str
            value: any

        # A type of objects.
        struct ObjectTypeInfo
            name: str
            abstract?: bool             # others are made from it; it has no objects itself
            parent?: str

        # Lists the types of objects.
        command qom-list-types early -> [ObjectTypeInfo]
            implements?: str            # only those made from this one
            abstract?: bool             # those that have no objects too

        # Lists the properties that objects of a type have.
        command qom-list-properties early -> [ObjectPropertyInfo]
            typename: str

        # Lists the properties that `device_add` takes for a type.
        command device-list-properties early -> [ObjectPropertyInfo]
            typename: str

        # Makes an object.
        command object-add early open
            qom-type: str
            id: str

        # Takes an object away that nothing uses.
        command object-del early
            id: str

        # Plugs a device in.
        command device_add open feature json-cli feature json-cli-hotplug
            driver: str
            bus?: str
            id?: str

        # Unplugs a device.
        command device_del
            id: str                     # or its path

        # A device is gone.
        event DEVICE_DELETED
            device?: str
            path: str
        """
}
